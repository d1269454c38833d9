"""A token endpoint with one queue and a fixed service time, kept to the microsecond.

python single.py SERVICE_MS: prints its port and serves until its standard input ends. One request
is served at a time, in the order of arrival; each takes SERVICE_MS from the moment that it or the
end of the one before came, whichever was later. Deadlines are absolute, so that what the server
itself needs does not add up. It never sleeps: give it a processor.
"""

import gc
import select
import socket
import sys
import time
from collections import deque

BODY = b'{"access_token":"made-up","token_type":"Bearer"}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
    len(BODY),
    BODY,
)
LENGTH = b"content-length:"


class Server:
    """The queue, and the connections that feed it."""

    def __init__(self, service_s: float) -> None:
        self.service_s = service_s
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.listener.settimeout(0)
        self.epoll = select.epoll()
        self.epoll.register(self.listener, select.EPOLLIN)
        self.peers: dict[int, socket.socket] = {}
        self.begun: dict[int, bytes] = {}
        self.waiting: deque[tuple[float, int]] = deque()

    def serve(self) -> None:
        """Serve until standard input ends."""
        stdin = sys.stdin.fileno()
        self.epoll.register(stdin, select.EPOLLIN)
        clock, poll, waiting = time.perf_counter, self.epoll.poll, self.waiting
        free_at = 0.0
        while True:
            ready = poll(0)
            if ready:
                now = clock()
                for fd, _ in ready:
                    if fd == stdin:
                        return
                    self.take(fd, now)
            if waiting:
                ends_at = max(free_at, waiting[0][0]) + self.service_s
                if clock() >= ends_at:
                    free_at = ends_at
                    self.answer(waiting.popleft()[1])

    def take(self, fd: int, now: float) -> None:
        """Take a connection, or what came on one."""
        if fd == self.listener.fileno():
            peer, _ = self.listener.accept()
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.peers[peer.fileno()] = peer
            self.epoll.register(peer, select.EPOLLIN)
            return
        try:
            data = self.peers[fd].recv(65_536)
        except ConnectionError:
            data = b""
        if not data:
            self.peers.pop(fd).close()
            self.begun.pop(fd, None)
            return
        data = self.begun.pop(fd, b"") + data
        if is_whole(data):
            self.waiting.append((now, fd))
        else:
            self.begun[fd] = data

    def answer(self, fd: int) -> None:
        """Answer, if anybody still listens."""
        peer = self.peers.get(fd)
        if peer is not None:
            try:
                peer.send(ANSWER)
            except ConnectionError:
                self.peers.pop(fd).close()


def is_whole(data: bytes) -> bool:
    """Return whether a request has come to its end."""
    head, end, body = data.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    lengths = [int(one[len(LENGTH) :]) for one in lines if one.startswith(LENGTH)]
    return bool(end) and len(body) >= sum(lengths)


if __name__ == "__main__":
    server = Server(float(sys.argv[1]) / 1000)
    sys.stdout.write(f"{server.listener.getsockname()[1]}\n")
    sys.stdout.flush()
    gc.disable()
    server.serve()
