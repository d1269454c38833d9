"""The event loop of load: sockets, requests as octets, answers."""
