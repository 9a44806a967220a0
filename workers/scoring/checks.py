"""Check the results of an engine before they are used."""

from collections.abc import Sequence
from dataclasses import replace

from service.domain.scores import checked_scores
from workers.engines import ORIGINAL, Engine, Scored

PROBE = "Guten Tag, das ist ein freundlicher Beitrag."


def score_checked(engine: Engine, texts: Sequence[str]) -> list[Scored]:
    """Score the texts; each result has at least one text form, and only scores in 0..1.

    Raises the engine's errors, and ValueError for results that cannot be used.
    """
    results = engine.score(texts)
    if len(results) != len(texts):
        raise ValueError(f"{len(results)} results for {len(texts)} texts")
    return [_checked(result) for result in results]


def works(engine: Engine) -> bool:
    """Tell whether the engine can score a harmless text. If not, the engine itself is broken."""
    try:
        score_checked(engine, [PROBE])
    except Exception:  # noqa: BLE001 - whatever it is, the engine does not work
        return False
    return True


def _checked(result: Scored) -> Scored:
    scores = checked_scores(result.scores)
    forms = {name: checked_scores(form) for name, form in result.forms.items()}
    return replace(result, scores=scores, forms=forms or {ORIGINAL: scores})
