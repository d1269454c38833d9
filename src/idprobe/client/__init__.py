"""How requests are sent: HTTP, connections, limits, cookies, and the listener for calls to us."""
