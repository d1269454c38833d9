"""Secrets that are planted in a profile, echoed by a server in every spelling, and looked for."""
