"""Keys, tokens and what is said in them."""
