"""Find installed models: bundled with the package, in the models folder, or at a path."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from workers.manifest import MANIFEST, BadManifest, Manifest
from workers.models.errors import ModelInUse, UnknownModel

BUNDLED = Path(__file__).parent / "bundled"


@dataclass(frozen=True)
class Model:
    """A model: its folder, its manifest, and the folder for everything derived from it."""

    folder: Path
    manifest: Manifest
    derived: Path
    """`<models_dir>/<identity>`: everything in it can be built again."""

    @property
    def identity(self) -> str:
        """The SHA-256 of the manifest, in hex."""
        return self.manifest.identity

    def verify(self) -> None:
        """Compare every file with the manifest; raises CorruptModel."""
        self.manifest.verify(self.folder)


def open_model(folder: Path, models_dir: Path) -> Model:
    """Read the model in `folder`; raises BadManifest."""
    manifest = Manifest.read(folder)
    return Model(folder.absolute(), manifest, models_dir.absolute() / manifest.identity)


def find(name: str, models_dir: Path) -> Model:
    """Return the model with this name, in `models_dir` or bundled, or with this path.

    A model in `models_dir` wins over a bundled one, so that a newsroom can replace it. Raises
    UnknownModel and BadManifest.
    """
    for folder in (models_dir / name, BUNDLED / name, Path(name)):
        if (folder / MANIFEST).is_file():
            return open_model(folder, models_dir)
    raise UnknownModel(
        f"no model {name!r}: `netiquette models list` shows the installed ones, "
        "`netiquette models pull` fetches a published one"
    )


def installed(models_dir: Path) -> tuple[list[Model], list[BadManifest]]:
    """Return all installed models, and the errors of those that cannot be read."""
    models: dict[str, Model] = {}
    broken: list[BadManifest] = []
    for parent in (models_dir, BUNDLED):
        for path in sorted(parent.glob(f"*/{MANIFEST}")):
            try:
                models.setdefault(path.parent.name, open_model(path.parent, models_dir))
            except BadManifest as error:
                broken.append(error)
    return list(models.values()), broken


def remove(name: str, models_dir: Path, *, active: str) -> Path:
    """Remove a model from `models_dir` with everything derived from it; return its folder.

    Raises UnknownModel, and ModelInUse for the `active` model and for one outside of
    `models_dir`, such as a bundled one.
    """
    model = find(name, models_dir)
    if model.folder.parent != models_dir.absolute():
        raise ModelInUse(f"{model.folder} is not in {models_dir}, so it stays")
    if model.identity == find(active, models_dir).identity:
        raise ModelInUse(f"{name!r} is the model that scores; let another one score first")
    shutil.rmtree(model.derived, ignore_errors=True)
    shutil.rmtree(model.folder)
    return model.folder
