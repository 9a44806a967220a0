"""What `netiquette doctor` checks: whether an installation can work, and what to do if not."""
