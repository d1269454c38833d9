"""What the generated examples of a property show, read for checks."""
