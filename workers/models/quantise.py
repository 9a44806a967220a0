"""Make the int8 forms of a fused graph.

Dynamic quantisation has one scale for a whole activation. In these networks a few channels
are far larger than the rest, so that the rest loses its precision. So the size of channels is
moved into the weights first, where each column gets a scale of its own:
SmoothQuant (Xiao et al., 2022, https://arxiv.org/abs/2211.10438, equation 4).
"""

from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

from workers.engines.onnx import session
from workers.models.export import quiet

ALPHA = 0.6
"""Share of the activations' size that moves into the weights; 0.5 to 0.8 were measured."""

BLOCK = 64
"""Numbers that share a scale in a block-wise product; 32 to 256 were measured."""


class Blocks(StrEnum):
    """The matrix products that have a scale for each block of each row, not one per activation.

    With one scale for the whole activation the narrowing products lose the most precision:
    the second half of each feed-forward block. The widening ones, its first half, come next.
    """

    NONE = "none"
    NARROWING = "narrowing"
    FEED_FORWARD = "feed-forward"
    ALL = "all"
    """All products but those of the fused attention, which stays in fp32."""


Floats = NDArray[np.float32]
Encoded = dict[str, NDArray[np.int64]]


class _Product:
    """A matrix product with constant weights, and the name of its input."""

    def __init__(self, node: Any, weights: Any) -> None:
        self.node = node
        self.input: str = node.input[0]
        self.weights = numpy_helper.to_array(weights)


def smooth(source: Path, target: Path, texts: Sequence[Encoded]) -> None:
    """Write the graph of `source` with the outliers of its activations moved into the weights.

    The result computes the same. The sizes are measured on `texts`, which are encoded.
    """
    model = _load(source)
    graph = model.graph
    groups = _products_by_input(graph)
    sizes = _largest(source, list(groups), texts)
    for name, products in groups.items():
        rows = np.max([np.abs(p.weights).max(axis=1) for p in products], axis=0)
        factors = np.maximum(sizes[name], 1e-5) ** ALPHA / np.maximum(rows, 1e-5) ** (1 - ALPHA)
        _insert(graph, name, products, factors.astype(np.float32))
    used = {name for node in graph.node for name in node.input}
    for unused in [item for item in graph.initializer if item.name not in used]:
        graph.initializer.remove(unused)
    onnx.save(model, target)


def quantise(source: Path, target: Path, *, blocks: Blocks, reduce_range: bool) -> None:
    """Write the graph of `source` with int8 weights, a scale per column, and dynamic activations.

    `reduce_range` uses 7 bits, since sums of 8-bit products can saturate without VNNI. The
    embeddings stay as they are: looking them up takes no time, and in 8 bits they caused half
    of the error.
    """
    model = _load(source)
    shapes = {item.name: tuple(item.dims) for item in model.graph.initializer}
    products = [node for node in model.graph.node if node.op_type == "MatMul"]
    others = [node.name for node in products if not _in(blocks, shapes.get(node.input[1], ()))]
    plain = target.with_suffix(".plain.onnx")
    with quiet():
        if blocks is not Blocks.NONE:
            block_wise = MatMulNBitsQuantizer(
                model,
                bits=8,
                block_size=BLOCK,
                is_symmetric=True,
                accuracy_level=4,  # computes in int8
                nodes_to_exclude=others,
            )
            block_wise.process()
            model = block_wise.model.model
        onnx.save(model, plain)
        quantize_dynamic(
            plain,
            target,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=reduce_range,
            op_types_to_quantize=["MatMul"] if blocks is Blocks.ALL else ["MatMul", "Attention"],
            # The fused operators carry no types.
            extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
        )
    plain.unlink()


def _load(path: Path) -> Any:
    model = onnx.load(path)
    # Shapes from before the fusion would contradict the shapes that the quantiser infers.
    del model.graph.value_info[:]
    return model


def _in(blocks: Blocks, shape: tuple[int, ...]) -> bool:
    """Tell whether a product with weights of this shape is computed in blocks."""
    if len(shape) != 2:
        return False
    rows, columns = shape
    # A single column is a span head, and not part of a feed-forward block.
    narrows = rows > columns > 1
    return {
        Blocks.NONE: False,
        Blocks.NARROWING: narrows,
        Blocks.FEED_FORWARD: narrows or rows < columns,
        Blocks.ALL: columns > 1,
    }[blocks]


def _products_by_input(graph: Any) -> dict[str, list[_Product]]:
    """Return the products by their input, without those whose weights are used twice (ALBERT)."""
    constants = {item.name: item for item in graph.initializer}
    uses = [name for node in graph.node for name in node.input]
    groups: dict[str, list[_Product]] = {}
    for node in graph.node:
        if node.op_type not in {"MatMul", "Attention"}:
            continue
        weights = constants.get(node.input[1])
        if weights is not None and len(weights.dims) == 2 and uses.count(weights.name) == 1:
            groups.setdefault(node.input[0], []).append(_Product(node, weights))
    return groups


def _largest(source: Path, names: list[str], texts: Sequence[Encoded]) -> dict[str, Floats]:
    """Return the largest absolute value of each channel of each named activation."""
    model = _load(source)
    for name in names:
        model.graph.output.append(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
    probe = source.with_suffix(".probe.onnx")
    onnx.save(model, probe)
    running = session(probe, threads=1)
    probe.unlink()
    largest: dict[str, Floats] = {}
    for text in texts:
        for name, value in zip(names, running.run(names, text), strict=True):
            size = np.abs(value).reshape(-1, value.shape[-1]).max(axis=0)
            largest[name] = np.maximum(largest.get(name, size), size)
    return largest


def _insert(graph: Any, name: str, products: list[_Product], factors: Floats) -> None:
    """Divide the activation by `factors`, and multiply the rows of the weights by them."""
    divided = f"{name}_smoothed"
    graph.initializer.append(numpy_helper.from_array(1 / factors, f"{name}_factors"))
    node = helper.make_node("Mul", [name, f"{name}_factors"], [divided], name=f"{name}_smoothing")
    first = min(_positions(graph, lambda other: any(other is p.node for p in products)))
    graph.node.insert(first, node)
    for index, product in enumerate(products):
        weights = f"{name}_weights_{index}"
        scaled = (product.weights * factors[:, None]).astype(np.float32)
        graph.initializer.append(numpy_helper.from_array(scaled, weights))
        product.node.input[0], product.node.input[1] = divided, weights


def _positions(graph: Any, wanted: Callable[[Any], bool]) -> list[int]:
    return [index for index, node in enumerate(graph.node) if wanted(node)]
