"""Logging in and consenting by HTML forms, decided without sending anything."""
