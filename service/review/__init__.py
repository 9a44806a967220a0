"""Review: the queue of comments that need a moderator, and the moderators' decisions."""
