"""Reports: notices about comments, from members or from anonymous readers."""
