"""The commands of `netiquette` that need the workers' packages."""
