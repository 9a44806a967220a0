"""Events: what happened on a site, numbered when due, read in order, deleted when old."""
