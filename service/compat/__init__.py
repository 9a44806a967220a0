"""Doors for those who come from other systems, in these systems' own words."""
