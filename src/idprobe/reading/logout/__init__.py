"""What a logout led to, read for checks."""
