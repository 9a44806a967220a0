"""Coral's door: its external moderation phase.

After Coral's documentation, «External Moderation Phases», and what Coral's server sends
and accepts (`services/comments/pipeline/phases/external`).
"""
