"""Load the engine for a model."""

from importlib.metadata import version
from pathlib import Path

import structlog

from service.settings import Settings
from workers.engines import Engine
from workers.engines.cpu import instruction_set
from workers.engines.onnx import OnnxNetwork
from workers.engines.text_engine import TextEngine
from workers.models import derived
from workers.models.registry import Model, find

RECIPE = "3"
"""Change it whenever `workers.models.build` makes something else of the same model."""

log = structlog.get_logger()


def load_engine(settings: Settings, threads: int = 1) -> Engine:
    """Load the engine for the model that `settings.model` names, on `threads` threads.

    Raises ModelError when the model is missing, damaged, unsafe, or does not fit its manifest.
    """
    return load_model(find(settings.model, settings.models_dir), threads)


def load_model(model: Model, threads: int = 1) -> Engine:
    """Load the form of a model built for this CPU, or else Detoxify itself; raises ModelError."""
    notes = derived.read(graph_folder(model), graph_conditions())
    if notes is None:
        log.warning(
            "model_not_built",
            folder=str(graph_folder(model)),
            hint="Detoxify itself scores, which is slower. `netiquette models build` builds the "
            "form for this processor; NETIQUETTE_MODELS_DIR names the folder with built ones",
        )
        engine = reference_engine(model, threads)
    else:
        network = OnnxNetwork(
            graph_folder(model), model.manifest.attributes, threads, notes["form"]
        )
        engine = TextEngine(model.manifest, network)
    log.info("model_loaded", identity=model.identity, **engine.provenance)
    return engine


def graph_folder(model: Model) -> Path:
    """Return the folder of the form that serves on CPUs, which may not be built yet."""
    return model.derived / "onnx"


def graph_conditions() -> dict[str, str]:
    """Return the CPU and the versions that a form is valid for; otherwise it is built again."""
    return {
        "cpu": instruction_set(),
        "recipe": RECIPE,
        **{name: version(name) for name in ("onnxruntime", "tokenizers", "detoxify", "torch")},
    }


def reference_engine(model: Model, threads: int = 1, device: str = "cpu") -> TextEngine:
    """Load the model into Detoxify itself; raises ModelError."""
    # Imported here, so that a process that serves with ONNX never imports torch.
    from workers.engines.detoxify_torch import DetoxifyNetwork  # noqa: PLC0415

    return TextEngine(model.manifest, DetoxifyNetwork(reference_folder(model), threads, device))


def reference_folder(model: Model) -> Path:
    """Return the folder that Detoxify loads; make it from the model if it does not exist.

    torch is imported only to make it. Raises ModelError.
    """
    folder = model.derived / "detoxify"

    def make(draft: Path) -> dict[str, str]:
        from workers.models.checkpoint import install  # noqa: PLC0415

        model.verify()
        install(model.folder, model.manifest, draft, folder)
        return {}

    derived.ensure(folder, {"at": str(folder)}, make)
    return folder
