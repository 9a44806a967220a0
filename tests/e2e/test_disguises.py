"""Disguised insults, scored by the bundled model."""

from collections.abc import Callable
from pathlib import Path

import pytest

from service.settings import Settings
from tests.support.disguises import DISGUISES
from workers.engines import Engine
from workers.engines.spans import FLAGGED
from workers.models.loading import load_model
from workers.models.registry import find

INSULT = "Du bist so ein Vollidiot, halt die Klappe!"


@pytest.fixture(scope="module")
def engine(bundled: Path) -> Engine:
    """Return the engine of the bundled model."""
    return load_model(find(Settings.model_fields["model"].default, bundled))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("disguise", DISGUISES.values(), ids=DISGUISES)
def test_a_disguised_insult_is_toxic(engine: Engine, disguise: Callable[[str], str]) -> None:
    text = disguise(INSULT)
    (scored,) = engine.score([text])
    assert scored.scores["toxicity"] >= FLAGGED
    marked = "".join(text[span["start"] : span["end"]] for span in scored.spans)
    assert set("Vollidiot") <= set(marked)
