"""One training run with a fixed seed; goes on from the last saved step after a stop."""

import hashlib
import logging
import random
import time
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import torch

from workers.models.training.batches import Batch, epoch_examples, plan, to_batch
from workers.models.training.examples import Example
from workers.models.training.network import (
    SPAN_WEIGHT,
    Network,
    masked_loss,
    parameter_groups,
    warmup_then_linear,
)
from workers.models.training.stages import Data, Start, fast_tokenizer

SAVE_EVERY = 300
REPORT_EVERY = 50
GRADIENT_NORM = 1.0
LAYER_DECAY, WARMUP, WEIGHT_DECAY = 0.92, 0.08, 0.01
EMBEDDINGS = "classifier.bert.embeddings."
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Run:
    """What defines a run. ``after`` is the file of an earlier run to go on from."""

    seed: int
    epochs: int
    rate: float
    head_rate: float
    after: Path | None = None

    def name(self, data: Data) -> str:
        """Name its files by all that goes into it, so that no stale result is taken for it."""
        digest = hashlib.sha256(repr(astuple(self)).encode())
        for example in data.training:
            digest.update(repr(astuple(example)).encode())
        return f"seed{self.seed}-{digest.hexdigest()[:12]}"


class Trainer:
    """The state of a run between two steps."""

    def __init__(self, run: Run, start: Start) -> None:
        """Set up the network from the pretrained encoder, or from the run before."""
        torch.manual_seed(run.seed)
        self.run = run
        self.step = 0
        self.network = Network(start.config)
        self.network.classifier.bert.load_state_dict(start.encoder, strict=False)
        if run.after:
            # Embeddings are frozen; those of the run before may be cut to another vocabulary.
            earlier = torch.load(run.after, weights_only=True)
            kept = {k: v for k, v in earlier.items() if not k.startswith(EMBEDDINGS)}
            self.network.load_state_dict(kept, strict=False)
        groups = parameter_groups(self.network, run.rate, run.head_rate, LAYER_DECAY)
        self.optimizer = torch.optim.AdamW(groups, weight_decay=WEIGHT_DECAY)
        self.rates = [float(group["lr"]) for group in self.optimizer.param_groups]
        self.bf16 = has_fast_bf16()

    def load(self, path: Path) -> None:
        """Take up a saved state."""
        state = torch.load(path, weights_only=True)
        self.step = state["step"]
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])

    def save(self, path: Path) -> None:
        """Write the state, whole or not at all."""
        partial = path.with_suffix(".partial")
        network, optimizer = self.network.state_dict(), self.optimizer.state_dict()
        torch.save({"step": self.step, "network": network, "optimizer": optimizer}, partial)
        partial.rename(path)

    def learn(self, batch: Batch, steps: int) -> float:
        """Take one of ``steps`` steps and return its loss."""
        torch.manual_seed(self.run.seed * 1_000_003 + self.step)  # dropout, also after a resume
        factor = warmup_then_linear(self.step, steps, WARMUP)
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * factor
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
            logits, span_logits = self.network(batch.ids, batch.mask)
        loss = masked_loss(logits, batch.targets)
        loss = loss + SPAN_WEIGHT * masked_loss(span_logits, batch.spans)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), GRADIENT_NORM)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.step += 1
        return float(loss.item())


def has_fast_bf16() -> bool:
    """Whether the CPU computes bf16 itself: half the time if so, thirty times as much if not."""
    # Other architectures have other keys.
    return bool(torch.cpu.get_capabilities().get("avx512_bf16", False))


def schedule(run: Run, data: Data) -> Sequence[Sequence[Example]]:
    """Return the batches of all epochs, the same for the same seed, also after a stop."""
    batches: list[list[Example]] = []
    for epoch in range(run.epochs):
        rng = random.Random(f"{run.seed}/{epoch}")  # noqa: S311 - a seeded order, no secret
        batches += plan(epoch_examples(data.training, data.lists.vulgar, rng), rng)
    return batches


def train(run: Run, start: Start, data: Data, folder: Path) -> Path:
    """Train unless it is done already; return the file of the final state dict of ``Network``."""
    name = run.name(data)
    final, resume = folder / f"{name}.pt", folder / f"{name}.resume.pt"
    if final.exists():
        return final
    trainer = Trainer(run, start)
    if resume.exists():
        trainer.load(resume)
    tokenizer = fast_tokenizer(start.tokenizer)
    batches = schedule(run, data)
    trainer.network.train()
    began, first, recent = time.monotonic(), trainer.step, 0.0
    for examples in batches[first:]:
        recent += trainer.learn(to_batch(examples, tokenizer), len(batches))
        step = trainer.step
        if step % REPORT_EVERY == 0:
            minutes = (time.monotonic() - began) / (step - first) * (len(batches) - step) / 60
            progress = f"step {step}/{len(batches)}, {minutes:.0f} min left"
            log.info("seed %d: %s, loss %.4f", run.seed, progress, recent / REPORT_EVERY)
            recent = 0.0
        if step % SAVE_EVERY == 0:
            trainer.save(resume)
    torch.save(trainer.network.state_dict(), final)
    resume.unlink(missing_ok=True)
    return final
