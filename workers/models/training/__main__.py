"""Build the bundled checkpoint: ``python -m workers.models.training --data FOLDER``.

Everything that takes time is kept in the cache folder and taken up again after a stop: the
packages, every finished run, and every 300 steps of an unfinished one.
"""

import argparse
import logging
import os
from dataclasses import replace
from pathlib import Path

from workers.models.training.network import Network
from workers.models.training.rounds import train_all
from workers.models.training.stages import fast_tokenizer, load_data, load_start
from workers.models.training.tuning import calibrate, tune_spans
from workers.models.training.write import NAME, write

BUNDLED = Path(__file__).parents[1] / "bundled" / NAME
log = logging.getLogger(__name__)


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
