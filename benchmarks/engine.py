"""How fast each way of running a model is: `make bench-engine`, all in one run.

Per core-second (CPU time) and per second of wall time, on one thread, for
comments with lognormal lengths around 37 tokens and for texts of 10,000
characters; for the active model, and for the shape of XLM-R base with random
weights, so that the speed of the published multilingual model is known.
"""

import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import torch
from transformers import XLMRobertaConfig, XLMRobertaForSequenceClassification

from service.domain.scores import ATTRIBUTES
from service.settings import settings
from workers.engines.detoxify_torch import DetoxifyNetwork
from workers.engines.onnx import MODEL, TOKENIZER, OnnxNetwork, encoded
from workers.engines.text_engine import TextEngine
from workers.manifest import CHECKPOINT, Manifest, digests
from workers.models import parity
from workers.models.build import INT8_FORMS
from workers.models.export import export
from workers.models.loading import reference_folder
from workers.models.quantise import quantise, smooth
from workers.models.registry import Model, find, open_model
from workers.testing import checkpoint_of

MEDIAN_TOKENS, SIGMA = 37, 0.8
LIST_SIZE = 16


def comments(count: int, size: Callable[[str], int]) -> list[str]:
    """Make comments of lognormal lengths out of the bundled texts; the seed is fixed."""
    chance = random.Random(7)  # noqa: S311 - not a secret
    sentences = [line for text in parity.texts() for line in text.splitlines() if size(line) < 60]
    made = []
    for _ in range(count):
        wanted = min(400, max(3, round(MEDIAN_TOKENS * chance.lognormvariate(0, SIGMA))))
        text = chance.choice(sentences)
        while size(text) < wanted:
            text += " " + chance.choice(sentences)
        made.append(text)
    return made


def measure(name: str, texts: Sequence[str], run: Callable[[], Any], base: float | None) -> float:
    """Print and return texts per core-second."""
    wall, cpu = perf_counter(), process_time()
    run()
    wall, cpu = perf_counter() - wall, process_time() - cpu
    rate = len(texts) / cpu
    ratio = f"{rate / base:5.2f} x" if base else "       "
    print(f"  {name:34s} {rate:8.2f} /core-s {len(texts) / wall:8.2f} /s  {ratio}", flush=True)
    return rate


def compare(model: Model, count: int, long_count: int) -> None:
    """Print the table of one model."""
    reference = reference_folder(model)
    detoxify = DetoxifyNetwork(reference, threads=1)
    short = comments(count, lambda text: len(detoxify.tokenizer.encode(text)))
    long = [" ".join(comments(60, len))[offset:][:10_000] for offset in range(long_count)]
    predict = detoxify.detoxify.predict
    print(f"{model.manifest.name}: {count} comments, then {long_count} of 10,000 characters")
    measure("warming up", short[:5], lambda: [predict(text) for text in short[:5]], None)
    base = measure("Detoxify.predict one by one", short, lambda: [predict(t) for t in short], None)
    batches = [short[i : i + LIST_SIZE] for i in range(0, count, LIST_SIZE)]
    measure(
        f"Detoxify.predict lists of {LIST_SIZE}", short, lambda: list(map(predict, batches)), base
    )
    engine = TextEngine(model.manifest, detoxify)
    measure("Detoxify engine", short, lambda: engine.score(short), base)
    slow = measure("Detoxify engine, 10,000 characters", long, lambda: engine.score(long), None)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        detoxify.tokenizer.save(str(folder / TOKENIZER))
        export(detoxify, reference, folder / "fp32.onnx")
        detoxify.tokenizer.enable_truncation(model.manifest.window)
        calibration = detoxify.tokenizer.encode_batch(parity.calibration_texts())
        smooth(folder / "fp32.onnx", folder / "s.onnx", [encoded(e.ids) for e in calibration])
        for form in ("fp32", *INT8_FORMS):
            if form in INT8_FORMS:
                target = folder / f"{form}.onnx"
                quantise(folder / "s.onnx", target, blocks=INT8_FORMS[form], reduce_range=False)
            (folder / f"{form}.onnx").replace(folder / MODEL)
            network = OnnxNetwork(folder, model.manifest.attributes, threads=1, form=form)
            served = TextEngine(model.manifest, network)
            measure(f"ONNX {form}, network alone", short, lambda n=network: n.run(short), base)  # type: ignore[misc]  # mypy infers no lambda with a default
            measure(f"ONNX {form}", short, lambda e=served: e.score(short), base)  # type: ignore[misc]  # mypy infers no lambda with a default
            measure(f"ONNX {form}, 10,000 characters", long, lambda e=served: e.score(long), slow)  # type: ignore[misc]  # mypy infers no lambda with a default


def xlm_r_base(folder: Path, tokenizer: Path) -> Model:
    """Write a model of XLM-R base's shape with random weights over the tokenizer of another."""
    folder.mkdir(parents=True)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).write_bytes((tokenizer / name).read_bytes())
    # The embedding's size costs memory, not time: rows beyond the tokenizer's are never read.
    config = XLMRobertaConfig(vocab_size=250_002, max_position_embeddings=514, pad_token_id=1)
    config.num_labels = len(ATTRIBUTES)
    torch.manual_seed(1)
    network = XLMRobertaForSequenceClassification(config)
    torch.save(checkpoint_of(network, ATTRIBUTES), folder / CHECKPOINT)
    config.save_pretrained(folder)
    Manifest(
        name="xlm-r-base-random",
        version="1",
        source="random weights",
        licence="-",
        training_data=(),
        attributes=ATTRIBUTES,
        languages=(),
        files=digests(folder),
    ).write(folder)
    return open_model(folder, folder.parent)


WORKER = """
import os, sys, time
started = time.perf_counter()
from service.settings import settings
from workers.models.loading import load_engine
engine = load_engine(settings())
engine.score(["Hallo"])
loaded = time.perf_counter() - started
engine.score(["Das ist ein langer Text mit vielen Worten. " * 200])
pages = open("/proc/self/smaps_rollup").read().split()
print(round(loaded, 2), int(pages[pages.index("Rss:") + 1]) // 1024,
      int(pages[pages.index("Pss:") + 1]) // 1024, file=sys.stderr, flush=True)
"""


def memory() -> None:
    """Print load time and memory of a process that serves the active model, alone."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", WORKER], check=True, capture_output=True, text=True
    )
    seconds, resident, _ = done.stderr.split()[-3:]
    print(f"serving process: loaded in {seconds} s, {resident} MB resident")


def main() -> None:
    """Print everything."""
    active = find(settings().model, settings().models_dir)
    memory()
    compare(active, count=200, long_count=4)
    with tempfile.TemporaryDirectory() as scratch:
        compare(xlm_r_base(Path(scratch) / "xlm-r", active.folder), count=60, long_count=1)


if __name__ == "__main__":
    main()
