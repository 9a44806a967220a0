"""Policies of sites: which one is active, and the facts that it judges by."""
