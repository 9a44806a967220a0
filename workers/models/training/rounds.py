"""The order of the runs: one over everything, then rounds of branches that are averaged.

Not in `__main__`: a spawned process does not import that of a package, and would not
find what it has to run.
"""

import logging
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import torch

from workers.models.training.average import State, average
from workers.models.training.stages import Data, Start
from workers.models.training.train import Run, train

FIRST = Run(seed=1, epochs=2, rate=6e-5, head_rate=1e-3)
ROUNDS = (((2, 3), 5e-5, 5e-4), ((4, 5), 4e-5, 3e-4))


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
