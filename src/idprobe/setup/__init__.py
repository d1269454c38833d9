"""What comes before a run: the profile, its clients and users, and whether they work."""
