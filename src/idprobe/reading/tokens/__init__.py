"""What was issued, read for checks."""
