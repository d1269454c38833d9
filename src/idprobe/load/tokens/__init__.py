"""What load does with the tokens it gets, and what their answers are held to."""
