"""The embedded identity server: correct, in memory, made of small decisions to override."""
