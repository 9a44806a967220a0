"""The commands of `netiquette` that need only the service, not the workers."""
