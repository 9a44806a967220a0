"""Build the bundled checkpoint: ``python -m workers.models.training --data FOLDER``.

Everything that takes time is kept in the cache folder and taken up again after a stop: the
packages, every finished run, and every 300 steps of an unfinished one.
"""

import argparse
import logging
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import torch

from workers.models.training.average import State, average
from workers.models.training.network import Network
from workers.models.training.stages import (
    Data,
    Start,
    fast_tokenizer,
    load_data,
    load_start,
)
from workers.models.training.train import Run, train
from workers.models.training.tuning import calibrate, tune_spans
from workers.models.training.write import NAME, write

BUNDLED = Path(__file__).parents[1] / "bundled" / NAME
FIRST = Run(seed=1, epochs=2, rate=6e-5, head_rate=1e-3)
ROUNDS = (((2, 3), 5e-5, 5e-4), ((4, 5), 4e-5, 3e-4))
log = logging.getLogger(__name__)


def _branch(run: Run, start: Start, data: Data, folder: Path) -> Path:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    return train(run, start, data, folder)


def train_all(start: Start, data: Data, folder: Path) -> State:
    """Train one run, then twice a round of two short branches that are averaged.

    The branches run side by side, one core each: two threads of one run would wait for each other
    at every layer.
    """
    after = train(FIRST, start, data, folder)
    for seeds, rate, head_rate in ROUNDS:
        runs = [Run(seed, 1, rate, head_rate, after) for seed in seeds]
        with ProcessPoolExecutor(len(runs), mp_context=get_context("spawn")) as pool:
            futures = [pool.submit(_branch, run, start, data, folder) for run in runs]
            paths = [future.result() for future in futures]
        state = average([torch.load(path, weights_only=True) for path in paths])
        after = folder / f"average-{'-'.join(path.stem for path in paths)}.pt"
        torch.save(state, after)
    return state


def build(root: Path, cache: Path, target: Path, sample: int | None = None) -> None:
    """All stages, from the packages to the model folder; on `sample` examples only, if given."""
    data = load_data(root)
    if sample:
        data = replace(data, training=data.training[:: max(1, len(data.training) // sample)])
    log.info("%d examples to train on, %d to tune on", len(data.training), len(data.tuning))
    start = load_start(cache / "packages", (example.text for example in data.training))
    log.info("%d pieces of the vocabulary kept", start.config.vocab_size)
    network = Network(start.config)
    network.load_state_dict(train_all(start, data, cache))
    tokenizer = fast_tokenizer(start.tokenizer)
    for attribute, errors in calibrate(network, tokenizer, data.tuning).items():
        log.info("calibration error of %s: de %.3f, en %.3f", attribute, *errors.values())
    log.info("span F1 on the trial set: %.3f", tune_spans(network, tokenizer, root))
    write(network, start.tokenizer, target)
    log.info("written to %s", target)


def main() -> None:
    """Read the command line and build."""
    parser = argparse.ArgumentParser(prog="python -m workers.models.training")
    known = os.environ.get("NETIQUETTE_DATA")
    parser.add_argument("--data", type=Path, default=known, required=known is None)
    parser.add_argument("--cache", type=Path, default=Path(".cache/training"))
    parser.add_argument("--target", type=Path, default=BUNDLED)
    parser.add_argument(
        "--sample", type=int, help="train on so many examples only: to try the stages, not a model"
    )
    options = parser.parse_args()
    if options.sample and options.target == BUNDLED:
        parser.error("--sample needs a --target: it would replace the bundled model")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    options.cache.mkdir(parents=True, exist_ok=True)
    build(options.data, options.cache, options.target, options.sample)


if __name__ == "__main__":
    main()
