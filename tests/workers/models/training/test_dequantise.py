import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from transformers import BertModel

from workers.models.training.dequantise import FLOAT32, Q4_0, encoder_state, unpack_q4
from workers.models.training.network import bert_config

HIDDEN, WIDE, VOCABULARY, POSITIONS, TYPES = 32, 64, 10, 6, 2


def pack_q4(weights: npt.NDArray[np.float32]) -> bytes:
    """Quantise as the format says: w = (q - 8) * d, with d chosen so that q fits 4 bits."""
    packed = b""
    for block in weights.reshape(-1, 32):
        d = np.float16(max(abs(block).max(), 1e-6) / 7)
        quants = np.clip(np.round(block / float(d)) + 8, 0, 15).astype(np.uint8)
        packed += d.tobytes() + (quants[:16] | quants[16:] << 4).tobytes()
    return packed


def e5s1(path: Path) -> dict[str, npt.NDArray[np.float32]]:
    """Write a one-layer file and return its tensors before quantisation."""
    rng = np.random.default_rng(3)
    shapes: dict[str, tuple[int, ...]]
    shapes = {"emb.word": (VOCABULARY, HIDDEN), "emb.pos": (POSITIONS, HIDDEN)}
    shapes |= {"emb.type": (TYPES, HIDDEN), "emb.ln.w": (HIDDEN,), "emb.ln.b": (HIDDEN,)}
    for part in ("q", "k", "v", "ao", "fi", "fo"):
        rows, columns = {"fi": (WIDE, HIDDEN), "fo": (HIDDEN, WIDE)}.get(part, (HIDDEN, HIDDEN))
        shapes |= {f"l0.{part}.w": (rows, columns), f"l0.{part}.b": (rows,)}
    for part in ("aln", "oln"):
        shapes |= {f"l0.{part}.w": (HIDDEN,), f"l0.{part}.b": (HIDDEN,)}
    tensors = {n: rng.normal(size=shape).astype(np.float32) for n, shape in shapes.items()}
    head = b"E5S1" + struct.pack(
        "<I7ifi", 1, HIDDEN, 1, 4, WIDE, VOCABULARY, POSITIONS, TYPES, 0, 32
    )
    blob = b"abc"
    head += struct.pack("<5iQ", 2, 0, 2, 1, 3, len(blob)) + bytes(4 * 3 + 4 * 2) + blob
    head += struct.pack("<iI", 1, 5) + bytes(5)
    body = {
        name: (Q4_0, pack_q4(tensor))
        if name.endswith((".w", "word")) and tensor.ndim == 2
        else (FLOAT32, tensor.tobytes())
        for name, tensor in tensors.items()
    }
    directory_size = 4 + sum(2 + len(name) + 21 for name in body)
    offset = len(head) + directory_size
    directory, data = struct.pack("<i", len(body)), b""
    for name, (kind, raw) in body.items():
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", kind, tensors[name].size, offset + len(data), len(raw))
        data += raw
    path.write_bytes(head + directory + data)
    return tensors


def test_nibbles_are_read_in_order() -> None:
    block = np.float16(0.5).tobytes() + bytes(j | (15 - j) << 4 for j in range(16))
    expected = [(q - 8) * 0.5 for q in (*range(16), *range(15, -1, -1))]
    assert unpack_q4(block, 32).tolist() == expected


def test_round_trip_within_the_error_of_four_bits(tmp_path: Path) -> None:
    tensors = e5s1(tmp_path / "tiny.bin")
    shape, state = encoder_state(tmp_path / "tiny.bin")
    assert (shape.hidden, shape.intermediate, shape.vocabulary) == (HIDDEN, WIDE, VOCABULARY)
    exact = state["embeddings.LayerNorm.weight"].numpy()
    np.testing.assert_array_equal(exact, tensors["emb.ln.w"])
    for name, original in (
        ("embeddings.word_embeddings.weight", tensors["emb.word"]),
        ("encoder.layer.0.output.dense.weight", tensors["l0.fo.w"]),
    ):
        read = state[name].numpy()
        assert read.shape == original.shape
        assert np.abs(read - original).max() < np.abs(original).max() / 7
        assert np.corrcoef(read.ravel(), original.ravel())[0, 1] > 0.99


def test_names_are_those_of_bert(tmp_path: Path) -> None:
    e5s1(tmp_path / "tiny.bin")
    shape, state = encoder_state(tmp_path / "tiny.bin")
    bert = BertModel(bert_config(shape, shape.vocabulary), add_pooling_layer=False)
    bert.load_state_dict(state)  # refuses missing, unknown and misshapen tensors
    assert torch.equal(
        bert.get_parameter("encoder.layer.0.attention.self.key.weight"),
        state["encoder.layer.0.attention.self.key.weight"],
    )


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.bin").write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(ValueError, match="E5S1"):
        encoder_state(tmp_path / "other.bin")
