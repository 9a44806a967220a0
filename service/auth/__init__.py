"""Who calls: site keys, their scopes and limits."""
