"""A loop that does nothing but ask and wait awake: how exactly this machine keeps time at all.

python bare.py URL RATE SECONDS: asks at an even rate, over one connection; prints how long each
answer took from when its request was due, in ms. An answer has to come before the next is due.
"""

import gc
import json
import socket
import sys
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

REQUEST = b"POST /token HTTP/1.1\r\nHost: bare\r\nContent-Length: 3\r\n\r\na=b"
MOST_BYTES = 65_536


def latencies_ms(host: str, port: int, rate: float, seconds: float) -> Iterator[float]:
    """Yield how long each answer took."""
    clock = time.perf_counter
    with socket.create_connection((host, port)) as peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer.settimeout(0)
        started = clock()
        for number in range(round(rate * seconds)):
            due = started + number / rate
            while clock() < due:
                pass
            peer.send(REQUEST)
            while not answered(peer):
                pass
            yield (clock() - due) * 1000


def answered(peer: socket.socket) -> bool:
    """Return whether there is an answer."""
    try:
        return bool(peer.recv(MOST_BYTES))
    except BlockingIOError:
        return False


if __name__ == "__main__":
    parts = urlsplit(sys.argv[1])
    gc.disable()
    times = list(latencies_ms(str(parts.hostname), int(parts.port or 0), *map(float, sys.argv[2:])))
    sys.stdout.write(json.dumps(times))
