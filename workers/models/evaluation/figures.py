"""Compute all figures of an engine as Markdown, which `netiquette eval` prints."""

from collections.abc import Sequence
from pathlib import Path

from workers.engines import Engine
from workers.models.evaluation.report import (
    Predict,
    Row,
    by_function,
    evaluate,
    functions_as_markdown,
    markdown,
)
from workers.models.evaluation.spans import Mark, span_f1


def figures(engine: Engine, data: Path, name: str, others: Sequence[Row] = ()) -> str:
    """Measure `engine` on the test sets below `data`; return Markdown.

    The tables show the engine by `name`, beside the rows `others`. Raises UnexpectedDataError
    for test sets other than the recorded ones.
    """
    predict = _predict(engine)
    return "\n\n".join(
        [
            f"As served: `{engine.provenance['engine']}`.",
            markdown([*evaluate(predict, data, model=name), *others]),
            f"Passages, in flagged texts only: character F1 {span_f1(_mark(engine), data):.3f}.",
            functions_as_markdown(by_function(predict, data)),
        ]
    )


def _mark(engine: Engine) -> Mark:
    return lambda texts: [
        [(span["start"], span["end"]) for span in result.spans] for result in engine.score(texts)
    ]


def _predict(engine: Engine) -> Predict:
    return lambda texts: [result.scores for result in engine.score(texts)]
