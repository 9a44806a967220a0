"""Build the form of a model that serves on this CPU, and prove that it scores like Detoxify.

The steps are: checkpoint → Detoxify → fused ONNX graph in fp32 → int8. Each form is compared
with Detoxify on the bundled texts, on the CPU that will serve. The fastest form that is close
enough is kept, with notes on all forms that were tried.
"""

import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from time import process_time
from typing import Any

from tokenizers import Tokenizer

from workers.engines import Network
from workers.engines.cpu import instruction_set
from workers.engines.detoxify_torch import DetoxifyNetwork
from workers.engines.onnx import MODEL, TOKENIZER, OnnxNetwork, encoded
from workers.engines.text_engine import TextEngine
from workers.manifest import CHECKPOINT
from workers.models import derived, parity
from workers.models.errors import BuildFailed, NoSpace
from workers.models.export import export
from workers.models.loading import graph_conditions, graph_folder, reference_folder
from workers.models.parity import Parity, Scores
from workers.models.quantise import Blocks, quantise, smooth
from workers.models.registry import Model

Report = Callable[[str], None]
"""A function that is called with a few words about each step."""

INT8_FORMS = {
    "int8": Blocks.NONE,
    "int8-blocks": Blocks.NARROWING,
    "int8-more-blocks": Blocks.FEED_FORWARD,
    "int8-all-blocks": Blocks.ALL,
}
"""The int8 forms that are tried, fastest first."""


def build(model: Model, report: Report, *, again: bool = False) -> dict[str, Any]:
    """Build the serving form of the model, unless it exists for this CPU; return notes on it.

    `again` builds it in any case. Raises ModelError, and BuildFailed when not even fp32 scores
    like Detoxify.
    """
    _check_space(model)
    if again:
        shutil.rmtree(model.derived, ignore_errors=True)
    folder = graph_folder(model)
    conditions = graph_conditions()
    notes = derived.read(folder, conditions)
    if notes is not None:
        return notes
    report("checking the checkpoint")
    reference = reference_folder(model)
    return derived.ensure(folder, conditions, lambda draft: _make(model, reference, draft, report))


def verify(model: Model, report: Report) -> Parity:
    """Compare the model's files with its manifest, and its serving form with Detoxify.

    Raises ModelError, and BuildFailed when the serving form scores differently.
    """
    report("comparing the files with the manifest")
    model.verify()
    notes = build(model, report)
    report("comparing what serves with Detoxify")
    served = OnnxNetwork(graph_folder(model), model.manifest.attributes, threads=1)
    detoxify = DetoxifyNetwork(reference_folder(model), threads=1)
    found = Parity.between(_score(model, detoxify), _score(model, served))
    if not (found.exact() if notes["form"] == "fp32" else found.close()):
        raise BuildFailed(f"{notes['form']} does not score like Detoxify: {found}; build it again")
    return found


def _make(model: Model, reference: Path, draft: Path, report: Report) -> dict[str, Any]:
    report("scoring with Detoxify")
    # One thread: on a busy machine torch's threads wait for each other, and two were ten times
    # slower than one.
    detoxify = DetoxifyNetwork(reference, threads=1)
    forms = _Forms(model, draft)
    expected = _score(model, detoxify)
    report("exporting the network")
    export(detoxify, reference, forms.path("fp32"))
    detoxify.tokenizer.save(str(draft / TOKENIZER))
    del detoxify
    report("comparing fp32 with Detoxify")
    exact = forms.compare("fp32", expected)
    if not exact.exact():
        raise BuildFailed(f"the exported network does not score like Detoxify: {exact}")
    chosen = "fp32"
    for form in INT8_FORMS:
        report(f"trying {form}")
        close = forms.quantise(form).compare(form, expected).close()
        if close and forms.seconds[form] < forms.seconds["fp32"]:
            chosen = form
            break
    forms.keep(chosen)
    return {
        "form": chosen,
        "tried": {
            form: asdict(found) | {"seconds": round(forms.seconds[form], 2)}
            for form, found in forms.parities.items()
        },
    }


class _Forms:
    """The forms of one model in a folder, while they are built and compared."""

    def __init__(self, model: Model, folder: Path) -> None:
        self._model = model
        self._folder = folder
        self.parities: dict[str, Parity] = {}
        self.seconds: dict[str, float] = {}

    def path(self, form: str) -> Path:
        """Return the path of a form's graph."""
        return self._folder / f"{form}.onnx"

    def quantise(self, form: str) -> "_Forms":
        """Make an int8 form from the fp32 form."""
        smoothed = self.path("smoothed")
        if not smoothed.exists():
            tokenizer = Tokenizer.from_file(str(self._folder / TOKENIZER))
            tokenizer.enable_truncation(self._model.manifest.window)
            calibration = tokenizer.encode_batch(parity.calibration_texts())
            texts = [encoded(encoding.ids) for encoding in calibration]
            smooth(self.path("fp32"), smoothed, texts)
        quantise(
            smoothed,
            self.path(form),
            blocks=INT8_FORMS[form],
            reduce_range=not _sums_exactly(instruction_set()),
        )
        return self

    def compare(self, form: str, expected: list[Scores]) -> Parity:
        """Score the proof texts with a form, and return how far it is from `expected`."""
        shutil.copyfile(self.path(form), self._folder / MODEL)
        network = OnnxNetwork(self._folder, self._model.manifest.attributes, threads=1)
        started = process_time()
        found = _score(self._model, network)
        self.seconds[form] = process_time() - started
        self.parities[form] = Parity.between(expected, found)
        return self.parities[form]

    def keep(self, form: str) -> None:
        """Keep this form as the serving one, and remove the others."""
        self.path(form).replace(self._folder / MODEL)
        for path in self._folder.glob("*.onnx"):
            if path.name != MODEL:
                path.unlink()


def _score(model: Model, network: Network) -> list[Scores]:
    """Score the proof texts in windows, as they would be served."""
    return [
        scored.scores for scored in TextEngine(model.manifest, network).score(parity.proof_texts())
    ]


def _sums_exactly(cpu: str) -> bool:
    """Tell whether the CPU sums 8-bit products without saturation: with VNNI, or if not x86."""
    return "vnni" in cpu or not cpu.startswith(("x86", "AMD64"))


def _check_space(model: Model) -> None:
    """Raise NoSpace if the disk has less than ten times the checkpoint's size free.

    A build needs up to about five copies of the network in fp32 at once.
    """
    checkpoint = model.folder / CHECKPOINT
    size = checkpoint.stat().st_size if checkpoint.exists() else 0
    model.derived.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(model.derived).free
    if free < size * 10:
        raise NoSpace(
            f"{model.derived} has {free // 2**20} MB free, {size * 10 // 2**20} MB are needed"
        )
