"""One load run: its options, its processes, its result."""
