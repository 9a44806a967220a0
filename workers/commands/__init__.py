"""The commands of `netiquette` that belong to the workers."""
