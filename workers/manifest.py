"""The manifest of a model, `model.toml`: its origin, attributes, and the SHA-256 of its files."""

import hashlib
import json
import tomllib
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from service.domain.scores import Attribute

MANIFEST = "model.toml"
CHECKPOINT = "checkpoint.ckpt"
SPAN_HEAD = "span_head.safetensors"

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class ModelError(Exception):
    """The model cannot be used. A model that already scores stays in use."""


class BadManifest(ModelError):
    """`model.toml` is missing or not valid."""


class CorruptModel(ModelError):
    """A file of the model is missing, or its SHA-256 differs from the manifest."""


class Manifest(BaseModel):
    """The content of `model.toml`. The SHA-256 of its canonical form is the model's identity."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    version: str = Field(min_length=1, max_length=50)
    source: str = Field(description="Where the weights come from")
    licence: str
    training_data: tuple[str, ...]
    attributes: tuple[Attribute, ...] = Field(min_length=1, description="In the network's order")
    languages: tuple[str, ...] = Field(description="ISO 639-1 codes that it is calibrated for")
    window: int = Field(512, ge=64, le=512, description="Tokens per window; longer texts are split")
    files: dict[Name, Sha256]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the manifest of the model in `folder`; raises BadManifest."""
        path = folder / MANIFEST
        try:
            return cls.model_validate(tomllib.loads(path.read_text("utf-8")))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise BadManifest(f"{path} cannot be read: {error}") from error
        except ValidationError as error:
            fields = "; ".join(
                f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()
            )
            raise BadManifest(f"{path} is not valid: {fields}") from error

    def write(self, folder: Path) -> None:
        """Write `model.toml` into `folder`."""
        document = self.model_dump(mode="json")
        files = document.pop("files")
        # JSON strings, numbers and lists of strings are valid TOML values.
        lines = [
            f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in document.items()
        ]
        lines += ["", "[files]", *(f'"{name}" = "{digest}"' for name, digest in files.items())]
        (folder / MANIFEST).write_text("\n".join(lines) + "\n", "utf-8")

    @property
    def identity(self) -> str:
        """SHA-256 (hex) over the canonical form: JSON with sorted keys and no spaces, in UTF-8."""
        canonical = json.dumps(
            self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )
        return hashlib.sha256(canonical.encode()).hexdigest()

    def verify(self, folder: Path) -> None:
        """Compare every file with its SHA-256; raises CorruptModel."""
        for name, expected in self.files.items():
            path = folder / name
            if not path.is_file():
                raise CorruptModel(f"{path} is missing; pull or copy the model again")
            if sha256(path) != expected:
                raise CorruptModel(
                    f"{path} is not the file that {MANIFEST} names; pull or copy the model again"
                )


def sha256(path: Path) -> str:
    """Return the SHA-256 (hex) of a file, which is read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 (hex) of each file in a model's folder except the manifest, by name."""
    return {
        path.name: sha256(path)
        for path in sorted(folder.iterdir())
        if path.is_file() and path.name != MANIFEST and not path.name.startswith(".")
    }


def seal(folder: Path) -> Manifest:
    """Write the SHA-256 of each file in `folder` into its hand-written `model.toml`.

    Raises BadManifest.
    """
    path = folder / MANIFEST
    if "[files]" not in path.read_text("utf-8"):
        path.write_text(path.read_text("utf-8") + "\n[files]\n", "utf-8")
    manifest = Manifest.read(folder).model_copy(update={"files": digests(folder)})
    manifest.write(folder)
    return manifest
