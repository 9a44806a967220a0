"""Export Detoxify's network as a fused ONNX graph in fp32, from which faster forms are made."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from onnxruntime.transformers import optimizer
from safetensors.torch import load_file
from torch import nn

from workers.engines.detoxify_torch import DetoxifyNetwork
from workers.manifest import SPAN_HEAD

INPUTS = ["input_ids", "attention_mask"]
SCORES, MARKS = "scores", "marks"


class _Served(nn.Module):
    """The network as it is served: scores 0..1 of each class, and of each token by a span head."""

    def __init__(self, network: Any, classes: int, head: nn.Linear | None) -> None:
        super().__init__()
        self.network, self.classes, self.head = network, classes, head

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> Any:
        found = self.network(
            input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True
        )
        scores = torch.sigmoid(found.logits)[:, : self.classes]
        if self.head is None:
            return scores
        return scores, torch.sigmoid(self.head(found.hidden_states[-1])).squeeze(-1)


def span_head(folder: Path) -> nn.Linear | None:
    """Load the head that marks toxic tokens; None if the model in `folder` has none."""
    if not (folder / SPAN_HEAD).is_file():
        return None
    weights = load_file(folder / SPAN_HEAD)
    head = nn.Linear(weights["weight"].shape[1], 1)
    head.load_state_dict(weights)
    return head.eval()


def export(reference: DetoxifyNetwork, folder: Path, target: Path) -> None:
    """Write the network of `reference` to `target`, as a fused graph that takes one window.

    The window may have any length. `folder` is where the model was installed. The graph is
    exported by tracing, since onnxruntime's fusions do not know graphs of the newer exporter:
    96 matrix products would remain instead of 36.
    """
    network = reference.detoxify.model.eval()
    implementation = network.config._attn_implementation  # noqa: SLF001 - there is no public name
    head = span_head(folder)
    example = torch.tensor([[5, 6, 7, 8, 9, 10, 11]])
    raw = target.with_suffix(".raw.onnx")
    network.set_attn_implementation("eager")
    try:
        with quiet():
            torch.onnx.export(
                _Served(network, len(reference.detoxify.class_names), head).eval(),
                (example, torch.ones_like(example)),
                str(raw),
                input_names=INPUTS,
                output_names=[SCORES] if head is None else [SCORES, MARKS],
                dynamic_axes={
                    name: {1: "tokens"} for name in [*INPUTS, *([MARKS] if head else [])]
                },
                opset_version=17,
                dynamo=False,
            )
            fused = optimizer.optimize_model(
                str(raw),
                model_type="bert",
                num_heads=network.config.num_attention_heads,
                hidden_size=network.config.hidden_size,
                opt_level=0,
            )
            fused.save_model_to_file(str(target))
    finally:
        network.set_attn_implementation(implementation)
    raw.unlink()


@contextmanager
def quiet() -> Iterator[None]:
    """Silence warnings of tracer, optimizer and quantiser, since parity is proven afterwards."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(logging.NOTSET)
