"""A tiny issuer in a process of its own: metadata, and a token for whoever posts.

python issuer.py [--refuse] [--die-after N] [--fail-after N] [--everywhere]: prints its port, serves
until its standard input ends.
"""

import itertools
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def counted(option: str) -> int | None:
    """Return the number after an option, None without it."""
    return int(sys.argv[sys.argv.index(option) + 1]) if option in sys.argv else None


REFUSE = "--refuse" in sys.argv
EVERYWHERE = "--everywhere" in sys.argv
DIE_AFTER = counted("--die-after")
FAIL_AFTER = counted("--fail-after")


class Issuer(BaseHTTPRequestHandler):
    """Answers in one segment, over connections that stay open."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    tokens = itertools.count(1)

    def do_GET(self) -> None:
        origin = f"http://{self.headers['Host']}"
        self._answer(200, f'{{"issuer":"{origin}","token_endpoint":"{origin}/token"}}')

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if REFUSE:
            self._answer(401, '{"error":"invalid_client"}')
            return
        asked = next(self.tokens)
        if DIE_AFTER is not None and asked > DIE_AFTER:
            os._exit(1)
        if FAIL_AFTER is not None and asked > FAIL_AFTER:
            self._answer(503, '{"error":"temporarily_unavailable"}')
            return
        self._answer(200, '{"access_token":"made-up","token_type":"Bearer"}')

    def _answer(self, status: int, body: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


server = ThreadingHTTPServer(("0.0.0.0" if EVERYWHERE else "127.0.0.1", 0), Issuer)  # noqa: S104 -- in a namespace of a test
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdout.write(f"{server.server_port}\n")
sys.stdout.flush()
sys.stdin.read()
