"""From the settings to a running engine."""

from pathlib import Path

import structlog

from service.settings import Settings
from workers.engines import Engine
from workers.engines.text_engine import TextEngine
from workers.models import derived
from workers.models.registry import Model, find

log = structlog.get_logger()


def load_engine(settings: Settings, threads: int = 1) -> Engine:
    """Load the model named by `settings.model` on `threads` threads.

    Raises ModelError when it is not there, damaged, unsafe, or not what it says.
    """
    return load_model(find(settings.model, settings.models_dir), threads)


def load_model(model: Model, threads: int = 1) -> Engine:
    """Load one model; raises ModelError."""
    engine = reference_engine(model, threads)
    log.info("model_loaded", model=model.manifest.name, identity=model.identity)
    return engine


def reference_engine(model: Model, threads: int = 1, device: str = "cpu") -> TextEngine:
    """Load the model into Detoxify itself; raises ModelError."""
    # Only here: a process that serves with ONNX never imports torch.
    from workers.engines.detoxify_torch import DetoxifyNetwork  # noqa: PLC0415

    return TextEngine(model.manifest, DetoxifyNetwork(reference_folder(model), threads, device))


def reference_folder(model: Model) -> Path:
    """Return the folder that Detoxify loads, made from the model unless it is there.

    Raises ModelError. Imports torch only to make it.
    """
    folder = model.derived / "detoxify"

    def make(draft: Path) -> dict[str, str]:
        from workers.models.checkpoint import install  # noqa: PLC0415

        model.verify()
        install(model.folder, model.manifest, draft, folder)
        return {}

    derived.ensure(folder, {"at": str(folder)}, make)
    return folder
