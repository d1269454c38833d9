"""What requests ask for, who sends them, and what is wrong with them."""
