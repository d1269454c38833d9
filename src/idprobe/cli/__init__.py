"""The command line: its verbs, one module for what belongs together."""
