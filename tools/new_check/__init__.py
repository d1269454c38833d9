"""The stubs of a new check: what `nox -s new_check -- ID` writes, and where."""
