"""The embedded default: everything in one foreground command, state in one folder."""
