"""Perspective's production attributes, and the attributes of our models that match them."""

from service.domain.scores import Attribute

ATTRIBUTES: dict[str, Attribute] = {
    "TOXICITY": "toxicity",
    "SEVERE_TOXICITY": "severe_toxicity",
    "IDENTITY_ATTACK": "identity_attack",
    "INSULT": "insult",
    "PROFANITY": "obscene",
    "THREAT": "threat",
    "SEXUALLY_EXPLICIT": "sexual_explicit",
}
"""Perspective's name → ours («Attributes & Languages»). Its experimental ones have no match."""
