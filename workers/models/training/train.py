"""One training run with a fixed seed; resumes at the last saved step after a stop."""

import random
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import BertConfig

from workers.models.training.batches import epoch_examples, plan, to_batch
from workers.models.training.examples import Example
from workers.models.training.network import (
    SPAN_WEIGHT,
    Network,
    masked_loss,
    parameter_groups,
    warmup_then_linear,
)

SAVE_EVERY = 300
REPORT_EVERY = 50
GRADIENT_NORM = 1.0


@dataclass(frozen=True)
class Run:
    """What defines a run."""

    seed: int
    epochs: int
    rate: float = 6e-5
    head_rate: float = 1e-3
    decay: float = 0.92
    warmup: float = 0.08
    weight_decay: float = 0.01


def _schedule(
    run: Run, examples: Sequence[Example], vulgar: re.Pattern[str]
) -> list[list[Example]]:
    """The batches of all epochs; the same for the same seed, so that a resumed run goes on in place."""
    batches: list[list[Example]] = []
    for epoch in range(run.epochs):
        rng = random.Random(f"{run.seed}/{epoch}")
        batches += plan(epoch_examples(examples, vulgar, rng), rng)
    return batches


def _save(path: Path, step: int, network: Network, optimizer: torch.optim.Optimizer) -> None:
    partial = path.with_suffix(".partial")
    state = {"step": step, "network": network.state_dict(), "optimizer": optimizer.state_dict()}
    torch.save(state, partial)
    partial.rename(path)


def train(
    run: Run,
    config: BertConfig,
    encoder: dict[str, torch.Tensor],
    examples: Sequence[Example],
    tokenizer: Tokenizer,
    vulgar: re.Pattern[str],
    folder: Path,
) -> Path:
    """Train and return the file with the final state dict of ``Network``.

    bf16 arithmetic halves the time where the CPU has it and is turned off where it has not (there it
    is thirty times slower).
    """
    final = folder / f"seed{run.seed}.pt"
    resume = folder / f"seed{run.seed}.resume.pt"
    if final.exists():
        return final
    torch.manual_seed(run.seed)
    network = Network(config)
    network.classifier.bert.load_state_dict(encoder, strict=False)
    groups = parameter_groups(network, run.rate, run.head_rate, run.decay)
    optimizer = torch.optim.AdamW(groups, weight_decay=run.weight_decay)
    batches = _schedule(run, examples, vulgar)
    scheduler_rates = [float(group["lr"]) for group in optimizer.param_groups]
    first = 0
    if resume.exists():
        state = torch.load(resume, weights_only=True)
        first = state["step"]
        network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
    network.train()
    bf16 = torch.backends.cpu.get_cpu_capability() == "AVX512" and torch.cpu._is_avx512_bf16_supported()
    started, recent = time.monotonic(), 0.0
    for step in range(first, len(batches)):
        torch.manual_seed(run.seed * 1_000_003 + step)  # dropout, the same after a resume
        factor = warmup_then_linear(step, len(batches), run.warmup)
        for group, rate in zip(optimizer.param_groups, scheduler_rates, strict=True):
            group["lr"] = rate * factor
        batch = to_batch(batches[step], tokenizer)
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            logits, span_logits = network(batch.ids, batch.mask)
        loss = masked_loss(logits, batch.targets)
        loss = loss + SPAN_WEIGHT * masked_loss(span_logits, batch.spans)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), GRADIENT_NORM)
        optimizer.step()
        optimizer.zero_grad()
        recent += loss.item()
        if (step + 1) % REPORT_EVERY == 0:
            pace = (time.monotonic() - started) / (step + 1 - first)
            left = pace * (len(batches) - step - 1) / 60
            mean = recent / REPORT_EVERY
            print(f"seed {run.seed} step {step + 1}/{len(batches)} loss {mean:.4f} {left:.0f} min left", flush=True)
            recent = 0.0
        if (step + 1) % SAVE_EVERY == 0:
            _save(resume, step + 1, network, optimizer)
    torch.save(network.state_dict(), final)
    resume.unlink(missing_ok=True)
    return final
