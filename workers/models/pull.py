"""Download the checkpoints that the Detoxify project published.

The URLs are those of `detoxify.detoxify.MODEL_URLS`. The name of a checkpoint's file holds
the first digits of its SHA-256. Configuration and tokenizer come from the Hugging Face hub,
from the base model that it was trained from. No hashes of them are published, so the
manifest records those of the downloaded files.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

import httpx2
from rich.progress import Progress

from workers.manifest import CHECKPOINT, MANIFEST, Manifest, digests
from workers.models.checkpoint import CONFIG, TOKENIZER_CONFIG, Checkpoint
from workers.models.download import client, fetch
from workers.models.errors import DownloadFailed, UnknownModel
from workers.models.registry import Model, find

RELEASES = "https://github.com/unitaryai/detoxify/releases/download"
HUB = "https://huggingface.co"
TOKENIZER = "tokenizer.json"


@dataclass(frozen=True)
class Published:
    """One published checkpoint."""

    release: str
    file: str
    base: str
    training_data: str
    languages: tuple[str, ...] = ("en",)

    @property
    def sha256_prefix(self) -> str:
        """The first digits of the checkpoint's SHA-256, from its file name."""
        return Path(self.file).stem.rpartition("-")[2]


_TOXIC = "Jigsaw Toxic Comment Classification Challenge (2018)"
_BIAS = "Jigsaw Unintended Bias in Toxicity Classification (2019)"
_MULTILINGUAL = "Jigsaw Multilingual Toxic Comment Classification (2020)"
_SEVEN = ("en", "fr", "es", "it", "pt", "tr", "ru")

PUBLISHED = {
    "original": Published(
        "v0.1-alpha", "toxic_original-c1212f89.ckpt", "bert-base-uncased", _TOXIC
    ),
    "unbiased": Published("v0.3-alpha", "toxic_debiased-c7548aa0.ckpt", "roberta-base", _BIAS),
    "multilingual": Published(
        "v0.4-alpha",
        "multilingual_debiased-0b549669.ckpt",
        "xlm-roberta-base",
        _MULTILINGUAL,
        _SEVEN,
    ),
    "original-small": Published(
        "v0.1.2", "original-albert-0e1d6498.ckpt", "albert-base-v2", _TOXIC
    ),
    "unbiased-small": Published("v0.1.2", "unbiased-albert-c8519128.ckpt", "albert-base-v2", _BIAS),
}


def pull(
    name: str, models_dir: Path, progress: Progress, *, releases: str = RELEASES, hub: str = HUB
) -> Model:
    """Download a published model into `models_dir`, unless it exists; return it checked.

    `releases` and `hub` are the base URLs of the two hosts, or of mirrors of them. An
    interrupted download is continued. Raises ModelError.
    """
    if name not in PUBLISHED:
        raise UnknownModel(f"{name!r} is not one of the published models: {', '.join(PUBLISHED)}")
    published = PUBLISHED[name]
    target, draft = models_dir / name, models_dir / f".{name}.pull"
    if (target / MANIFEST).is_file():
        model = find(str(target), models_dir)
        model.verify()
        return model
    draft.mkdir(parents=True, exist_ok=True)
    with client() as http:
        _fetch_base(http, f"{hub}/{published.base}/resolve/main", draft, progress)
        if not (draft / CHECKPOINT).exists():
            fetch(
                http,
                f"{releases}/{published.release}/{published.file}",
                draft / CHECKPOINT,
                progress,
                sha256_prefix=published.sha256_prefix,
            )
    Manifest(
        name=name,
        version=published.release,
        source=f"{RELEASES}/{published.release}/{published.file}",
        licence="Apache-2.0",
        training_data=(published.training_data,),
        attributes=tuple(Checkpoint(draft / CHECKPOINT).classes),
        languages=published.languages,
        window=512,
        files=digests(draft),
    ).write(draft)
    shutil.rmtree(target, ignore_errors=True)
    draft.replace(target)
    return find(str(target), models_dir)


def _fetch_base(http: httpx2.Client, url: str, draft: Path, progress: Progress) -> None:
    for file in (CONFIG, TOKENIZER):
        fetch(http, f"{url}/{file}", draft / file, progress)
    try:
        fetch(http, f"{url}/{TOKENIZER_CONFIG}", draft / TOKENIZER_CONFIG, progress)
    except DownloadFailed as error:
        # Not every base model has this file; `install` completes it.
        if not str(error).endswith("404"):
            raise
