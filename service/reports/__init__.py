"""Reports: notices about comments, by members or by anybody."""
