"""The open connections of an engine: each belongs to a virtual user; a poller watches it."""

from typing import Final

from idprobe.load.engine.connections import Connection, Destinations, TlsConnection
from idprobe.load.engine.poller import READABLE, WRITABLE, Poller
from idprobe.load.engine.transport import Transport
from idprobe.load.engine.virtual_users import VirtualUser

__all__ = ["ConnectionPool"]


class ConnectionPool:
    """Opens connections and closes them; `by_fd` has those that are open."""

    def __init__(self, transport: Transport, poller: Poller) -> None:
        self._destinations: Final = Destinations(transport)
        self._poller: Final = poller
        self.by_fd: Final[dict[int, Connection]] = {}

    def open(self, origin: str, user: VirtualUser) -> Connection:
        """Begin to connect a virtual user to an origin; raises Refrained or OSError."""
        destination = self._destinations.at(origin)
        kind = Connection if destination.tls is None else TlsConnection
        connection = kind(destination)
        try:
            connection.open()
        except OSError:
            connection.close()
            raise
        user.connections[origin], connection.owner = connection, user
        self.by_fd[connection.fd] = connection
        self._poller.register(connection.fd)
        return connection

    def arm(self, connection: Connection) -> None:
        """Ask for the socket's being writable, or no more, as the connection wants it."""
        if connection.armed != connection.wants_out:
            connection.armed = connection.wants_out
            events = READABLE | WRITABLE if connection.armed else READABLE
            self._poller.rearm(connection.fd, events)

    def drop(self, connection: Connection, user: VirtualUser | None) -> None:
        """Forget and close a connection."""
        if self.by_fd.get(connection.fd) is connection:
            del self.by_fd[connection.fd]
        owner = user if user is not None else connection.owner
        if owner is not None and owner.connections.get(connection.destination.origin) is connection:
            del owner.connections[connection.destination.origin]
        connection.close()

    def close(self) -> None:
        """Close every connection."""
        for connection in tuple(self.by_fd.values()):
            connection.close()
        self.by_fd.clear()
