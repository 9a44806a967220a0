"""Doors that speak the protocols of other systems, for sites that come from those."""
