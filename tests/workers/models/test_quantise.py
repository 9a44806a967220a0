"""Forms of a graph: what is computed stays, only the precision changes."""

from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest
from tokenizers import Tokenizer

from workers.engines.cpu import instruction_set
from workers.engines.detoxify_torch import DetoxifyNetwork
from workers.engines.onnx import encoded, session
from workers.models.export import export
from workers.models.loading import reference_folder
from workers.models.quantise import Blocks, quantise, smooth
from workers.models.registry import find
from workers.testing import write_tiny_model

IS_EXACT = any(name in instruction_set() for name in ("vnni", "asimddp", "amx"))
"""Whether this CPU multiplies 8-bit numbers without saturating: others need the reduced range."""

TEXTS = ["Das ist Unsinn!", "Danke, sehr sachlich.", "You are an idiot."]


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    models_dir = tmp_path_factory.mktemp("models")
    write_tiny_model(models_dir / "tiny")
    reference = reference_folder(find("tiny", models_dir))
    export(DetoxifyNetwork(reference, threads=1), reference, models_dir / "fp32.onnx")
    return models_dir / "fp32.onnx"


@pytest.fixture(scope="module")
def inputs(graph: Path) -> list[dict[str, np.ndarray]]:
    tokenizer = Tokenizer.from_file(str(graph.parent / "tiny" / "tokenizer.json"))
    return [encoded(tokenizer.encode(text).ids) for text in TEXTS]


def operators(path: Path) -> Counter[str]:
    return Counter(node.op_type for node in onnx.load(path).graph.node)


def scores(path: Path, inputs: list[dict[str, np.ndarray]]) -> np.ndarray:
    running = session(path, threads=1)
    return np.concatenate([running.run(["scores"], text)[0] for text in inputs])


def test_attention_and_layer_norms_are_fused(graph: Path) -> None:
    found = operators(graph)
    assert found["Attention"] == 2
    assert found["SkipLayerNormalization"] == 4
    assert found["Softmax"] == 0


def test_smoothing_computes_the_same(
    graph: Path, inputs: list[dict[str, np.ndarray]], tmp_path: Path
) -> None:
    smooth(graph, tmp_path / "smooth.onnx", inputs)
    assert operators(tmp_path / "smooth.onnx")["Mul"] > operators(graph)["Mul"]
    np.testing.assert_allclose(
        scores(tmp_path / "smooth.onnx", inputs), scores(graph, inputs), atol=1e-5
    )


@pytest.mark.parametrize("reduce_range", [False, True])
@pytest.mark.parametrize(
    ("blocks", "in_blocks", "fp32_attention"),
    [
        (Blocks.NONE, 0, 0),
        (Blocks.NARROWING, 2, 0),
        (Blocks.FEED_FORWARD, 4, 0),
        (Blocks.ALL, 6, 2),
    ],
)
def test_products_can_be_spared_one_scale_for_all(  # noqa: PLR0917 - parameters and fixtures
    graph: Path,
    inputs: list[dict[str, np.ndarray]],
    tmp_path: Path,
    blocks: Blocks,
    in_blocks: int,
    fp32_attention: int,
    reduce_range: bool,
) -> None:
    target = tmp_path / "int8.onnx"
    quantise(graph, target, blocks=blocks, reduce_range=reduce_range)
    found = operators(target)
    assert found["MatMul"] == 0
    assert found["MatMulNBits"] == in_blocks
    assert found["Attention"] == fp32_attention
    assert found["EmbedLayerNormalization"] == operators(graph)["EmbedLayerNormalization"]
    assert target.stat().st_size < graph.stat().st_size
    if reduce_range or IS_EXACT:
        np.testing.assert_allclose(scores(target, inputs), scores(graph, inputs), atol=0.1)
