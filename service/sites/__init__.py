"""Sites: the tenants, with their policy, keys and moderators."""
