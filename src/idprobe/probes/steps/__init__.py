"""Steps that several experiments begin with, and ways to spoil them in one place."""
