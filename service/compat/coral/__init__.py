"""Coral's door: its external moderation phase.

It follows Coral's documentation, «External Moderation Phases», and what Coral's server
sends and accepts (`services/comments/pipeline/phases/external`).
"""
