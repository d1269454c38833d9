"""The endpoints of the reference server, and their pages."""
