"""What is measured while load runs, and whether it can be trusted."""
