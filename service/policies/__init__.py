"""The policies of sites: reads the active one, and the facts that it judges by."""
