"""Write the checkpoint in Detoxify's own format, and read it back.

How the real ``detoxify.Detoxify`` loads it offline (transformers 5)::

    saved = torch.load(folder / "checkpoint.ckpt", weights_only=True)   # nothing is unpickled
    saved["config"]["arch"]["args"]["model_type"] = str(folder)         # must be an existing folder
    torch.save(saved, local_copy)
    Detoxify(checkpoint=str(local_copy), huggingface_config_path=str(folder))

- ``model_type`` has to be a local folder with ``config.json``, or the hub is asked; it is part of
  the checkpoint, so it is rewritten where the model is installed; as written it is the name.
- ``tokenizer_name`` is ``PreTrainedTokenizerFast``; ``AutoTokenizer`` recurses and
  ``BertTokenizerFast`` loads without a word and tokenises wrongly.
- ``tokenizer_config.json`` needs ``model_max_length`` and a pad token, or long texts crash and
  batches fail. ``config.json`` says ``dtype: float32``: stored are fp16 tensors, computed is fp32.

``span_head.safetensors`` holds ``weight`` (1, hidden) and ``bias`` (1): a token of BERT's last
hidden state belongs to a toxic passage when sigmoid(weight · hidden + bias) ≥ 0.5. Neighbouring
tokens are joined over white space (``predict.join_spans``).
"""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from transformers import BertConfig

from workers.models.training.examples import ATTRIBUTES
from workers.models.training.network import Network

NAME = "netiquette-de-en"
# Trained on, but not shipped: ``threat``. A hundred labels do not carry it, and a policy would
# rely in vain on a score that never rises. Threats raise ``toxicity``.
SHIPPED = ("toxicity", "insult", "obscene", "identity_attack")
POSITIONS = 512


def detoxify_config(folder: str) -> dict[str, Any]:
    """Return the part of Detoxify's training configuration that its loader reads."""
    arch = {
        "model_type": folder,
        "model_name": "BertForSequenceClassification",
        "tokenizer_name": "PreTrainedTokenizerFast",
        "num_classes": len(SHIPPED),
    }
    return {"arch": {"args": arch}, "dataset": {"args": {"classes": list(SHIPPED)}}}


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", "utf-8")


def write(network: Network, tokenizer: dict[str, Any], folder: Path) -> None:
    """Write all files of the model folder."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [ATTRIBUTES.index(name) for name in SHIPPED]
    state = {
        name: (tensor[rows] if name.startswith("classifier.") else tensor).half().contiguous()
        for name, tensor in network.classifier.state_dict().items()
        if tensor.is_floating_point()
    }
    torch.save({"state_dict": state, "config": detoxify_config(NAME)}, folder / "checkpoint.ckpt")
    config = network.classifier.config.to_dict()
    config.update(architectures=["BertForSequenceClassification"], dtype="float32")
    config["id2label"] = dict(enumerate(SHIPPED))
    config["label2id"] = {name: index for index, name in enumerate(SHIPPED)}
    _write_json(folder / "config.json", config)
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False), "utf-8")
    special = {"bos_token": "<s>", "eos_token": "</s>", "cls_token": "<s>", "sep_token": "</s>"}
    special |= {"unk_token": "<unk>", "pad_token": "<pad>", "mask_token": "<mask>"}
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": POSITIONS}
    settings["model_input_names"] = ["input_ids", "attention_mask"]
    settings["clean_up_tokenization_spaces"] = False
    _write_json(folder / "tokenizer_config.json", settings | special)
    head = {name: tensor.contiguous() for name, tensor in network.span_head.state_dict().items()}
    save_file(head, folder / "span_head.safetensors")


def read(folder: Path) -> tuple[Network, Tokenizer]:
    """Read back the network and tokenizer as written, in fp32."""
    network = Network(BertConfig.from_pretrained(folder))
    saved = torch.load(folder / "checkpoint.ckpt", weights_only=True)
    network.classifier.load_state_dict({k: v.float() for k, v in saved["state_dict"].items()})
    network.span_head.load_state_dict(load_file(folder / "span_head.safetensors"))
    return network, Tokenizer.from_file(str(folder / "tokenizer.json"))
