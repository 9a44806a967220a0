"""The workers' part of `netiquette doctor`."""

from sqlalchemy.exc import SQLAlchemyError

from service.doctor.findings import Finding
from service.settings import Settings
from workers.manifest import ModelError
from workers.models import chosen, derived
from workers.models.loading import graph_conditions, graph_folder
from workers.models.registry import find


def check_model(config: Settings) -> Finding:
    """Check whether the model that scores exists, and was built for this processor."""
    try:
        model = find(chosen.read_anywhere(config).name, config.models_dir)
        notes = derived.read(graph_folder(model), graph_conditions())
    except SQLAlchemyError:
        text = "not known, since the choice is in the database, which cannot be used"
        return Finding("model", ok=False, text=text)
    except (ModelError, OSError) as error:
        return Finding("model", ok=False, text=f"{type(error).__name__}: {error}")
    name = f"{model.manifest.name} {model.manifest.version}"
    if notes is None:
        text = (
            f"{name} is not built for this processor in {config.models_dir}, so that slower "
            "Detoxify scores. Run `netiquette models build`, or set NETIQUETTE_MODELS_DIR to the "
            "folder that has it."
        )
        return Finding("model", ok=False, text=text)
    return Finding("model", ok=True, text=f"{name} serves as {notes['form']}")
