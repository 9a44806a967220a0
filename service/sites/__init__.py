"""Sites: the tenants of the service, each with its own policies, keys and moderators."""
