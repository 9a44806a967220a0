"""Events: numbered when due, read in order, composed when read, deleted when old."""
