"""What an authorization endpoint and its pages answered, read for checks."""
