"""What is covered, what is not, and why: of the catalogue, and of what our peers test."""
