"""Answers that are made to break the generator, or to have it write a secret down."""

import json
import socket
from collections.abc import Callable

import pytest
from tests.load.test_schedulers import talking

from idprobe.load.callers import (
    AuthorizationCode,
    Caller,
    ClientCredentials,
    Introspection,
    MetadataAndKeys,
    Revocation,
    UserInfo,
)
from idprobe.load.callers.context import LoadContext
from idprobe.load.engine.transport import Transport
from idprobe.load.measure.recording import Recording, outcome_text
from idprobe.load.measure.sampling import samples_text
from idprobe.load.run.plan import Open, Plan
from idprobe.load.run.worker import LoadWorker
from idprobe.model.profile import Client, Limits, Profile, Role, User

SECRET = "kD3-the-secret-of-the-client-9fQ"
TOKEN = "vN7-a-token-that-nobody-may-see-2xW"


def answer(
    body: str | bytes, status: str = "200 OK", *fields: str, kind: str = "application/json"
) -> bytes:
    octets = body if isinstance(body, bytes) else body.encode()
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(octets)}", f"Content-Type: {kind}"]
    return "\r\n".join([*lines, *fields, "", ""]).encode() + octets


def tokens(**others: object) -> str:
    return json.dumps({"access_token": TOKEN, "token_type": "Bearer", **others})


BOTH = f"{SECRET} {TOKEN}"
HOSTILE = {
    "reason phrase": answer("{}", f"500 {BOTH}"),
    "header": answer("{}", "400 Bad Request", f"X-Echo: {BOTH}"),
    "header name": answer("{}", "400 Bad Request", f"{TOKEN}: 1"),
    "media type": answer("{}", "400 Bad Request", kind=f"text/{TOKEN}"),
    "error": answer(json.dumps({"error": BOTH}), "400 Bad Request"),
    "description": answer(
        json.dumps({"error": "invalid_client", "error_description": BOTH}), "401 Unauthorized"
    ),
    "page": answer(f"<html>{BOTH}</html>", "500 Oops", kind="text/html"),
    "member name": answer(json.dumps({"access_token": TOKEN, "token_type": BOTH, SECRET: TOKEN})),
    "retry-after": answer("{}", "503 Busy", f"Retry-After: {BOTH}"),
    "status line": f"HTTP/9.9 {BOTH}\r\n\r\n".encode(),
    "no http": f"{BOTH}\r\n\r\n".encode(),
    "header without a name": f"HTTP/1.1 200 OK\r\n{BOTH}\r\n\r\n".encode(),
    "length": f"HTTP/1.1 200 OK\r\nContent-Length: {SECRET}\r\n\r\n{{}}".encode(),
    "lengths that differ": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
    "negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}",
    "huge length": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n{}",
    "coding": f"HTTP/1.1 200 OK\r\nTransfer-Encoding: {TOKEN}\r\n\r\n0\r\n\r\n".encode(),
    "chunk size": f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{TOKEN}\r\n".encode(),
    "two answers": answer(tokens()) * 2,
    "token in error": answer(tokens(error=BOTH, expires_in=BOTH)),
    "surrogate in token": answer('{"access_token": "a\\ud800b", "token_type": "Bearer"}'),
    "surrogate in scope": answer(
        '{"access_token": "a", "token_type": "Bearer", "scope": "\\udfff", "expires_in": 1e999}'
    ),
    "surrogate in refresh token": answer(
        '{"access_token": "a", "refresh_token": "\\ud800", "token_type": "\\ud800"}'
    ),
    "not a number": answer('{"access_token": "a", "token_type": "Bearer", "expires_in": NaN}'),
    "huge number": answer(
        '{"access_token": "a", "token_type": "b", "expires_in": 1' + "0" * 5000 + "}"
    ),
    "deep": answer("[" * 100_000),
    "wrong types": answer('{"access_token": ["a"], "token_type": {}, "expires_in": []}'),
    "number": answer("1"),
    "control characters": answer('{"error": "\\u001b[2J\\n=1+1"}', "400 Bad Request"),
    "jwt": answer(json.dumps({"access_token": "e30.e30.e30", "token_type": "Bearer"})),
    "jwt of lists": answer(json.dumps({"access_token": "W10.W10.x", "token_type": "Bearer"})),
    "jwt with surrogates": answer(
        json.dumps(
            {"access_token": "e30.eyJzdWIiOiJcdWQ4MDAiLCJjbGllbnRfaWQiOltdfQ.x", "token_type": "B"}
        )
    ),
    "jwt with a list for a subject": answer(
        json.dumps({"access_token": "e30.eyJzdWIiOlsiYSJdLCJhdWQiOnt9fQ.x", "token_type": "B"})
    ),
}


def context_with(url: str, **limits: float) -> LoadContext:
    roles = frozenset({Role.SERVICE, Role.WEB})
    client = Client(
        "service", "service", SECRET, roles=roles, redirect_uris=("https://rp.test/cb",)
    )
    users = {"alice": User("alice", "alice", "password-of-alice")}
    profile = Profile(
        "t", "t.toml", url, limits=Limits(**{"exchange_s": 0.5, **limits}),  # type: ignore[arg-type]
        clients={"service": client}, users=users,
    )  # fmt: skip
    names = ("token", "introspection", "userinfo", "authorization", "revocation")
    endpoints = {f"{name}_endpoint": f"{url}/{name}" for name in names}
    return LoadContext(
        profile, {**endpoints, "issuer": url, "jwks_uri": f"{url}/keys"}, Transport(profile)
    )


def loaded(
    answered: Callable[[bytes], bytes], kind: type[Caller], duration_s: float = 0.2
) -> tuple[Recording, str, str | None]:
    """Return what load records against a server, all that would be written, and its refusal."""

    def talk(peer: socket.socket) -> None:
        while asked := peer.recv(65_536):
            peer.sendall(answered(asked))

    with talking(talk) as url:
        work = LoadWorker(context_with(url), kind, Plan(Open(40), duration_s))
        work.run()
        samples = samples_text(work.engine.samples, context_with(url).profile)
    written = f"{outcome_text(work.recording)}{samples}{work.refusal}"
    return work.recording, written, work.refusal


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("kind", [ClientCredentials, MetadataAndKeys])
def test_no_answer_breaks_the_generator_or_brings_it_to_tell_a_secret(
    name: str, kind: type[Caller]
) -> None:
    recording, written, _ = loaded(lambda _: HOSTILE[name], kind)

    assert recording.fault is None
    assert recording.scheduled == recording.iterations == 8
    assert SECRET not in written
    # what nobody has issued is no secret to the samples, and yet in no count
    assert TOKEN not in outcome_text(recording)
    written.encode()


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("kind", [Introspection, UserInfo, AuthorizationCode])
def test_nor_while_callers_are_prepared(name: str, kind: type[Caller]) -> None:
    recording, written, refusal = loaded(lambda _: HOSTILE[name], kind)

    assert recording.fault is None
    assert SECRET not in written
    assert TOKEN not in outcome_text(recording)
    assert TOKEN not in f"{refusal}"
    written.encode()


@pytest.mark.parametrize("kind", [Introspection, UserInfo, Revocation])
@pytest.mark.parametrize("place", ["reason", "header", "body", "error"])
def test_a_server_that_says_what_it_was_told_is_not_repeated(
    kind: type[Caller], place: str
) -> None:
    def answered(asked: bytes) -> bytes:
        if b" /token " in asked.partition(b"\r\n")[0] or b"active" in asked:
            return answer(tokens(expires_in=600))
        said = " ".join(asked.decode().split())
        match place:
            case "reason":
                return answer("{}", f"500 {said}")
            case "header":
                return answer("{}", "400 Bad Request", f"X-Echo: {said}")
            case "body":
                return answer(f"<p>{said}</p>", "500 Oops", kind="text/html")
            case _:
                return answer(json.dumps({"error": said, "error_description": said}), "400 Bad")

    recording, written, _ = loaded(answered, kind)

    assert recording.fault is None
    assert SECRET not in written
    assert TOKEN not in written


def test_a_body_a_head_and_interim_responses_without_end_take_little_memory() -> None:
    endless = {
        "body": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * 60_000,
        "head": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 8_000,
        "interim": b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" * 1_500,
    }
    for name, piece in endless.items():

        def talk(peer: socket.socket, piece: bytes = piece) -> None:
            peer.recv(65_536)
            peer.sendall(piece)
            while True:
                peer.sendall(piece[-1024:])

        with talking(talk) as url:
            work = LoadWorker(
                context_with(url, body_bytes=100_000), ClientCredentials, Plan(Open(20), 0.5)
            )
            work.run()
        assert work.recording.fault is None, name
        assert work.recording.failed == work.recording.iterations == 10, name
        kept = samples_text(work.engine.samples, context_with(url).profile)
        assert len(kept) < 5_000_000, name


def test_a_token_without_end_is_bounded_as_the_body_is() -> None:
    huge = answer(json.dumps({"access_token": "x" * 3_000_000, "token_type": "Bearer"}))

    recording, written, _ = loaded(lambda _: huge, ClientCredentials)

    assert recording.fault is None
    assert recording.failed == recording.iterations
    assert len(written) < 40_000_000
