"""The baseline beside which the model is shown: TF-IDF and logistic regression."""

from collections.abc import Sequence

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union

from workers.models.evaluation.report import Predict


def train_baseline(texts: Sequence[str], labels: Sequence[int]) -> Predict:
    """Word and character n-grams, fitted on the texts that the model was trained on."""
    features = make_union(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=3, sublinear_tf=True),
    )
    classifier = LogisticRegression(C=4.0, max_iter=300, solver="liblinear")
    pipeline = make_pipeline(features, classifier)
    pipeline.fit(texts, labels)

    def predict(batch: list[str]) -> list[dict[str, float]]:
        return [{"toxicity": float(score)} for score in pipeline.predict_proba(batch)[:, 1]]

    return predict
