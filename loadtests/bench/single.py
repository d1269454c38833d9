"""A token endpoint with one queue and a fixed service time.

python single.py SERVICE_MS: prints its port and serves until its standard input ends. One request
is served at a time, in the order of arrival; each takes SERVICE_MS from the moment that it or the
end of the one before came, whichever was later. It has come when the kernel had it. Deadlines are
absolute, so that what the server itself needs does not add up; it wakes up some time before each,
since who never sleeps is put to sleep by the host. How late answers were sent since it was asked
last, in us, one for each, is what it answers at once to a GET.
"""

import gc
import json
import select
import socket
import struct
import sys
import time
from collections import deque

BODY = b'{"access_token":"made-up","token_type":"Bearer"}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
    len(BODY),
    BODY,
)
LATE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
LENGTH = b"content-length:"
STAMP = getattr(socket, "SO_TIMESTAMPNS", 35)
STAMP_BYTES = 64
AWAKE_S = 0.0005
MS_S = 0.001


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
        self.late_us: list[int] = []

    def serve(self) -> None:
        """Serve until standard input ends."""
        stdin = sys.stdin.fileno()
        self.epoll.register(stdin, select.EPOLLIN)
        clock, waiting = time.perf_counter, self.waiting
        free_at = 0.0
        while True:
            ends_at = max(free_at, waiting[0][0]) + self.service_s if waiting else None
            for fd, _ in self.ready(ends_at):
                if fd == stdin:
                    return
                self.take(fd)
            # what was taken comes after what waits
            if ends_at is not None and clock() >= ends_at:
                free_at = ends_at
                self.answer(waiting.popleft()[1])
                self.late_us.append(round((clock() - ends_at) * 1e6))

    def ready(self, ends_at: float | None) -> list[tuple[int, int]]:
        """Return what there is to read, or nothing when it is almost time to answer."""
        if ends_at is None:
            return self.epoll.poll()
        # by the millisecond, and rounded up
        left_ms = (ends_at - time.perf_counter() - AWAKE_S) // MS_S
        return self.epoll.poll(max(0.0, (left_ms - 0.5) * MS_S))

    def take(self, fd: int) -> None:
        """Take a connection, or what came on one."""
        if fd == self.listener.fileno():
            peer, _ = self.listener.accept()
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            peer.setsockopt(socket.SOL_SOCKET, STAMP, 1)
            self.peers[peer.fileno()] = peer
            self.epoll.register(peer, select.EPOLLIN)
            return
        try:
            data, notes, _, _ = self.peers[fd].recvmsg(65_536, STAMP_BYTES)
        except ConnectionError:
            data, notes = b"", []
        if not data:
            self.peers.pop(fd).close()
            self.begun.pop(fd, None)
            return
        came_at = time.perf_counter() - lateness_s(notes)
        data = self.begun.pop(fd, b"") + data
        if not is_whole(data):
            self.begun[fd] = data
        elif data.startswith(b"GET"):
            late, self.late_us = json.dumps(self.late_us).encode("ascii"), []
            self.peers[fd].sendall(LATE % (len(late), late))
        else:
            self.waiting.append((came_at, fd))

    def answer(self, fd: int) -> None:
        """RawResponse, if anybody still listens."""
        peer = self.peers.get(fd)
        if peer is not None:
            try:
                peer.send(ANSWER)
            except ConnectionError:
                self.peers.pop(fd).close()


def lateness_s(notes: list[tuple[int, int, bytes]]) -> float:
    """Return how much later than the kernel we had what was read just now."""
    for level, kind, value in notes:
        if level == socket.SOL_SOCKET and kind == STAMP:
            seconds, rest = struct.unpack("qq", value)
            return float(time.time_ns() - seconds * 1_000_000_000 - rest) / 1e9
    return 0.0


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
