"""Published checkpoints, fetched over real HTTP from a stand-in for their hosts."""

import hashlib
import io
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import detoxify.detoxify
import pytest
import torch
import transformers
from rich.progress import Progress
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from workers.manifest import CorruptModel
from workers.models import download
from workers.models.errors import DownloadFailed, NoSpace, UnknownModel
from workers.models.loading import load_model
from workers.models.pull import PUBLISHED, RELEASES, Published, pull
from workers.testing import checkpoint_of


@dataclass
class Host:
    """What the stand-in serves, what it was asked for, and when it hangs up."""

    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    hang_up_after: int | None = None
    url: str = ""


@pytest.fixture
def host() -> Iterator[Host]:
    state = Host()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            span = self.headers.get("Range")
            state.asked.append((self.path, span))
            content = state.files.get(self.path)
            if content is None:
                self.send_error(404)
                return
            start = int(span.removeprefix("bytes=").removesuffix("-")) if span else 0
            if span and start >= len(content):
                self.send_error(416)
                return
            self.send_response(206 if span else 200)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            body = content[start:]
            if state.hang_up_after is not None and len(body) > state.hang_up_after:
                self.wfile.write(body[: state.hang_up_after])
                self.wfile.flush()
                self.close_connection = True
                return
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


CONFIGS = {
    "bert-base-uncased": ("Bert", {"pad_token_id": 1}),
    "roberta-base": ("Roberta", {"pad_token_id": 1, "max_position_embeddings": 514}),
    "xlm-roberta-base": ("XLMRoberta", {"pad_token_id": 1, "max_position_embeddings": 514}),
    "albert-base-v2": ("Albert", {"pad_token_id": 1, "embedding_size": 16}),
}


def base_tokenizer(architecture: str) -> Tokenizer:
    """Return a small tokenizer of the kind that the architecture has."""
    texts = ["hello world, what an idiot", "danke für den beitrag"]
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    if architecture == "Bert":
        special = ["[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]"]
        tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        trainer: Any = trainers.WordPieceTrainer(
            vocab_size=200, special_tokens=special, show_progress=False
        )
    elif architecture == "Roberta":
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        trainer = trainers.BpeTrainer(
            vocab_size=400,
            special_tokens=special,
            show_progress=False,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        )
    else:
        if architecture == "Albert":
            special = ["[CLS]", "<pad>", "[SEP]", "<unk>", "[MASK]"]
        tokenizer = Tokenizer(models.Unigram())
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
        trainer = trainers.UnigramTrainer(
            vocab_size=60, special_tokens=special, unk_token="<unk>", show_progress=False
        )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def publish(host: Host, name: str, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Put a tiny network of the right architecture where the published one would be."""
    published = PUBLISHED[name]
    architecture, extra = CONFIGS[published.base]
    tokenizer = base_tokenizer(architecture)
    outputs = 16 if name == "unbiased" else 7
    config = getattr(transformers, f"{architecture}Config")(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        num_labels=outputs,
        **extra,
    )
    network = getattr(transformers, f"{architecture}ForSequenceClassification")(config)
    attributes = ("toxicity", "severe_toxicity", "obscene", "identity_attack", "insult", "threat")
    checkpoint = checkpoint_of(network, attributes)
    checkpoint["config"]["arch"]["args"] |= {
        "num_classes": outputs,
        "tokenizer_name": f"{architecture}Tokenizer",
    }
    buffer = io.BytesIO()
    torch.save(checkpoint, buffer)
    content = buffer.getvalue()
    digest = hashlib.sha256(content).hexdigest()[:8]
    published = Published(
        published.release, f"{name}-{digest}.ckpt", published.base, "none", published.languages
    )
    monkeypatch.setitem(PUBLISHED, name, published)
    hub = f"/{published.base}/resolve/main"
    host.files = {
        f"/{published.release}/{published.file}": content,
        f"{hub}/config.json": config.to_json_string().encode(),
        f"{hub}/tokenizer.json": tokenizer.to_str().encode(),
    }
    return content


def pull_from(host: Host, name: str, folder: Path) -> Any:
    return pull(name, folder, Progress(disable=True), releases=host.url, hub=host.url)


@pytest.mark.parametrize("name", PUBLISHED)
def test_each_published_architecture_is_pulled_and_scores(
    host: Host, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(host, name, monkeypatch)
    model = pull_from(host, name, tmp_path)
    model.verify()
    scored = load_model(model).score(["hello world, what an idiot", "idiot " * 600])
    assert len(scored) == 2
    assert all(len(result.scores) == 6 for result in scored)


def test_the_urls_are_those_of_detoxify() -> None:
    urls = {
        name: f"{RELEASES}/{published.release}/{published.file}"
        for name, published in PUBLISHED.items()
    }
    assert urls == detoxify.detoxify.MODEL_URLS


def test_a_broken_line_is_taken_up_again(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = publish(host, "multilingual", monkeypatch)
    host.hang_up_after = len(content) // 3
    pull_from(host, "multilingual", tmp_path)
    ranges = [span for path, span in host.asked if path.endswith(".ckpt")]
    assert ranges[0] is None
    assert ranges[1] == f"bytes={len(content) // 3}-"


def test_a_later_call_goes_on_where_the_first_stopped(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = publish(host, "multilingual", monkeypatch)
    host.hang_up_after = len(content) // 10
    with pytest.raises(DownloadFailed, match="again"):
        pull_from(host, "multilingual", tmp_path)
    host.hang_up_after = None
    host.asked.clear()
    pull_from(host, "multilingual", tmp_path).verify()
    (span,) = [span for path, span in host.asked if path.endswith(".ckpt")]
    assert span == f"bytes={len(content) // 10 * download.ATTEMPTS}-"


def test_a_file_with_another_hash_is_thrown_away(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(host, "original", monkeypatch)
    host.files = {
        name: body[:-1] + b"x" if name.endswith(".ckpt") else body
        for name, body in host.files.items()
    }
    with pytest.raises(CorruptModel, match="the file was deleted"):
        pull_from(host, "original", tmp_path)
    assert not list(tmp_path.rglob("*.ckpt*"))


def test_a_missing_file_is_told_by_its_url(host: Host, tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed, match=r"config\.json answered 404"):
        pull_from(host, "original", tmp_path)


def test_a_host_that_is_not_there(tmp_path: Path) -> None:
    host = Host(url="http://127.0.0.1:9")
    with pytest.raises(DownloadFailed, match="ConnectError"):
        pull_from(host, "original", tmp_path)


def test_a_full_disk_is_told_before_writing(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(host, "original", monkeypatch)
    monkeypatch.setattr(download, "RESERVE", 2**60)
    with pytest.raises(NoSpace, match="MB free"):
        pull_from(host, "original", tmp_path)
    assert not list(tmp_path.rglob("*.part"))


def test_pulled_once(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(host, "original", monkeypatch)
    pull_from(host, "original", tmp_path)
    host.asked.clear()
    pull_from(host, "original", tmp_path)
    assert not host.asked


def test_an_unpublished_name(tmp_path: Path) -> None:
    with pytest.raises(UnknownModel, match="multilingual"):
        pull("germanic", tmp_path, Progress(disable=True))
