"""One audit, from its target to its reports."""
