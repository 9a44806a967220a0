"""Authentication: site keys, their scopes and their rate limits."""
