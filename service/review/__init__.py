"""Review: the queue of flagged comments and the decisions of moderators."""
