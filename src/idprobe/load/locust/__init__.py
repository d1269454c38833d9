"""The bridge to Locust."""
