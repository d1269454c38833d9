"""A server whose answers are rewritten on their way out, whichever endpoint gave them."""

import functools
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from idprobe_reference.server import ReferenceServer

__all__ = ["Answer", "Pairs", "Rewriting"]

Pairs: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer and what it answers."""

    method: str
    path: str
    origin: str
    """The Origin of the request, empty without one."""
    status: int
    headers: Pairs
    body: bytes

    def header(self, name: str) -> str:
        """Return the first value of a header; empty without one."""
        return next((value for key, value in self.headers if key.lower() == name), "")

    def without(self, *names: str) -> "Answer":
        """Return the answer without headers."""
        kept = tuple(pair for pair in self.headers if pair[0].lower() not in names)
        return replace(self, headers=kept)

    def adding(self, *pairs: tuple[str, str]) -> "Answer":
        """Return the answer with further headers."""
        return replace(self, headers=(*self.headers, *pairs))

    def with_header(self, name: str, value: str) -> "Answer":
        """Return the answer with one value of a header, in its old place or at the end."""
        if not self.header(name):
            return self.adding((name, value))
        pairs = tuple((k, value if k.lower() == name else v) for k, v in self.headers)
        return replace(self, headers=pairs)

    def with_body(self, body: bytes) -> "Answer":
        """Return the answer with another body of the right length."""
        return replace(self.with_header("content-length", str(len(body))), body=body)

    @property
    def is_json(self) -> bool:
        """Whether the body is a JSON document."""
        return self.header("content-type").startswith("application/json") and self.body != b""

    def rewritten(self, write: Callable[[Any], str]) -> "Answer":
        """Return the answer with its JSON written anew; any other as it is."""
        if not self.is_json:
            return self
        return self.with_body(write(json.loads(self.body)).encode())


class Rewriting(ReferenceServer):
    """A server that has a last look at each answer."""

    def rewritten(self, answer: Answer) -> Answer:
        """Return what goes out."""
        return answer

    def pieces(self, body: bytes) -> Iterable[bytes]:
        """Return the body in the pieces in which it is sent."""
        return (body,)

    @functools.cached_property
    def app(self) -> ASGIApp:
        """The server as an ASGI application."""
        inner = super().app

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await inner(scope, receive, send)
                return
            sent: list[Message] = []

            async def keep(message: Message) -> None:
                sent.append(message)

            await inner(scope, receive, keep)
            for message in self._said(scope, sent):
                await send(message)

        return app

    def _said(self, scope: Scope, sent: list[Message]) -> Iterable[Message]:
        start = next(message for message in sent if message["type"] == "http.response.start")
        pairs = ((n.decode("latin-1"), v.decode("latin-1")) for n, v in start["headers"])
        body = b"".join(message.get("body", b"") for message in sent)
        asked = {n.lower(): v for n, v in scope["headers"]}
        origin = asked.get(b"origin", b"").decode("latin-1")
        answer = Answer(scope["method"], scope["path"], origin, start["status"], tuple(pairs), body)
        last = self.rewritten(answer)
        headers = [(n.encode("latin-1"), v.encode("latin-1")) for n, v in last.headers]
        yield {**start, "status": last.status, "headers": headers}
        for piece in self.pieces(last.body):
            yield {"type": "http.response.body", "body": piece, "more_body": True}
        yield {"type": "http.response.body", "body": b"", "more_body": False}
