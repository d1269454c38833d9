"""When load requests begin."""
