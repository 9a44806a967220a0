"""The embedded default: one foreground command runs everything, with its state in one folder."""
