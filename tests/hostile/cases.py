"""The hostile servers, and what has to come out at each."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.hostile import mouths
from tests.hostile.mouths import at, head, raw, saying, with_json, with_members
from tests.hostile.wire import Asked, Honest, Mouth, Writer, reference

from idprobe_reference.server import ReferenceServer

TOKEN: Final = "/token"
METADATA: Final = ("/openid-configuration", "/oauth-authorization-server")
DEEP: Final = "[" * 100_000
HUGE_KEY: Final = {
    "kty": "RSA", "kid": "huge", "use": "sig", "alg": "RS256",
    "n": "-" * 43_691, "e": "_" * 43_691,
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A hostile server: how it speaks, and what has to come out."""

    mouth: Mouth
    exit: int
    """The first exit code: 0 sound, 1 violated, 3 unusable or inconclusive."""
    unknown: tuple[str, ...] = ()
    """The probes from which nothing may be concluded."""
    make: Callable[[str], ReferenceServer] = reference
    exchange_s: float = 5.0
    tls: str = ""
    """What its certificate is: good, selfsigned, expired, elsewhere; empty for plain http."""
    traps: bool = False
    """Whether {trap} in its bodies is the address of another server, which may learn nothing."""
    known: bool = True
    """Whether it lets us know it; without metadata nothing is observed that could be kept."""
    told: str = ""
    """What the user is told of the reason, where that is to the point."""
    injects: bool = False
    """Whether its answers carry markup and terminal escapes, which have to be seen to arrive."""
    depends_on_luck: bool = False
    """Whether what it is accused of depends on the moment when it strikes."""
    at_most: tuple[str, ...] | None = None
    """What it may be accused of, where that depends on luck and is bounded; None for no bound."""
    exits: tuple[int, ...] = ()
    """Further exit codes that will do, where that depends on luck."""


def three_hours_ahead(issuer: str) -> ReferenceServer:
    """Return a server whose clock is wrong."""
    plain = reference(issuer)
    return ReferenceServer(plain.config, clock=lambda: time.time() + 3 * 3600)


def dated(honest: Honest) -> Honest:
    """Return an answer with the time of that server."""
    moment = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 3 * 3600))
    return honest.adding(("Date", moment))


class Restarting:
    """Forgets everything once, after so many requests."""

    def __init__(self, requests: int) -> None:
        self.left = requests
        self.server: ReferenceServer | None = None

    def make(self, issuer: str) -> ReferenceServer:
        """Return the server that will forget."""
        self.server = reference(issuer)
        return self.server

    async def __call__(self, asked: Asked, honest: Honest, writer: Writer) -> None:
        """Answer, and forget when it is time."""
        self.left -= 1
        if self.left == 0 and self.server is not None:
            for name in ("sessions", "codes", "access_tokens", "refresh_tokens", "transactions"):
                getattr(self.server, name)._entries.clear()
        await mouths.plainly(asked, honest, writer)


def elsewhere(*names: str) -> Mouth:
    """Return a mouth whose metadata names endpoints of another host."""
    return with_json(
        lambda value: {**value, **{name: f"{{trap}}/{name}" for name in names if name in value}}
    )


def in_the_clear(*names: str) -> Mouth:
    """Return a mouth whose metadata names endpoints of its own host by plain http."""
    return with_json(
        lambda value: {
            name: one.replace("https:", "http:", 1) if name in names else one
            for name, one in value.items()
        }
    )


def stranger(mouth: Mouth = mouths.plainly, *, tls: str = "", told: str = "") -> Case:
    """Return a server that cannot be got to know: no metadata of it can be had, or be read."""
    return Case(mouth, 3, tls=tls, told=told, known=False)


ENDPOINTS: Final = (
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "introspection_endpoint",
    "revocation_endpoint",
    "registration_endpoint",
    "end_session_endpoint",
)


def jumping_clock(issuer: str) -> ReferenceServer:
    """Return a server whose clock goes back and forth by hours."""
    begun = time.monotonic()

    def clock() -> float:
        return time.time() + 3 * 3600 * (int((time.monotonic() - begun) * 3) % 2)

    return ReferenceServer(reference(issuer).config, clock=clock)


_OF_TIME: Final = (
    "OIDCC-2/exp-present-number", "OIDCC-2/iat-present-number", "OIDCC-3.1.3.7/exp-after-now",
    "RFC7662-2.2/timestamps-integers", "RFC9068-2.2/exp", "RFC9068-2.2/iat",
)  # fmt: skip
"""What may be said of a server whose clock tells different times: it contradicts itself."""
_overloaded: Final = mouths.refusing(503, Retry_After="1")
_MISSING: Final = ("code_redeemed", "client_credentials_answer")
_NO_CODE: Final = ("code_redeemed",)
_restarting = Restarting(60)

CASES: Final[dict[str, Case]] = {
    "honest": Case(mouths.plainly, 0),
    # bodies without end
    "endless chunks in metadata": stranger(at(*METADATA, how=mouths.endless_chunks)),
    "endless chunks of tokens": Case(at(TOKEN, how=mouths.endless_chunks), 3, unknown=_MISSING),
    "endless body without length": Case(
        at("/userinfo", how=mouths.endless_until_close), 3, exchange_s=40.0
    ),
    "endless page": Case(at("/authorize", how=mouths.endless_chunks), 3, unknown=_NO_CODE),
    "endless keys": Case(at("/jwks", how=mouths.endless_chunks), 3),
    "endless interim responses": Case(mouths.interim_flood, 3, exchange_s=0.5, known=False),
    # slowness
    "body by drops": Case(at(TOKEN, how=mouths.slow_body), 3, unknown=_MISSING, exchange_s=1.0),
    "header by drops": Case(mouths.slow_head, 3, exchange_s=0.5, known=False),
    "silence": Case(mouths.silence, 3, exchange_s=0.5, known=False),
    # headers
    "header of many mebibytes": Case(at(TOKEN, how=mouths.long_header), 3, unknown=_MISSING),
    "hundred thousand headers": Case(at(TOKEN, how=mouths.many_headers), 3, unknown=_MISSING),
    "flood of cookies": Case(at("/authorize", "/login", how=mouths.cookies(2_000)), 3),
    "long location": Case(
        at("/login", how=mouths.redirecting(lambda _: "/" + "a" * 200_000)), 3, unknown=_NO_CODE
    ),
    "header that reads slowly": Case(
        at("/userinfo", how=mouths.refusing(401, WWW_Authenticate='Bearer a="' + "\\" * 50_000)), 3
    ),
    # compressed
    "gzip bomb nobody asked for": stranger(at(*METADATA, how=mouths.bomb("gzip"))),
    "deflate that is none": Case(at(TOKEN, how=mouths.bomb("deflate")), 3, unknown=_MISSING),
    # JSON
    "deep metadata": stranger(at(*METADATA, how=with_json(lambda _: DEEP))),
    "deep token response": Case(
        at(TOKEN, how=with_json(lambda v: f'{{"access_token":{DEEP},{str(v)[1:]}')), 3
    ),
    "members of metadata twice": stranger(at(*METADATA, how=mouths.duplicated("issuer"))),
    "members of token responses twice": Case(at(TOKEN, how=mouths.duplicated("access_token")), 3),
    "no UTF-8": Case(
        at(TOKEN, how=saying(lambda h: h.saying(h.body.replace(b'"', b'"\xff\xc0\xaf', 1)))), 3
    ),
    "NaN": Case(at(TOKEN, how=with_members(expires_in=float("nan"))), 3),
    "infinite number": Case(
        at(TOKEN, how=mouths.replaced(r'"expires_in":\d+', '"expires_in":1e999')), 1
    ),
    "number of five thousand digits": Case(
        at(TOKEN, how=mouths.replaced(r'"expires_in":\d+', '"expires_in":' + "9" * 5_000)), 3
    ),
    "other kinds of values": Case(
        at(TOKEN, how=with_json(lambda v: {name: [one] for name, one in v.items()})), 3
    ),
    "array for an object": Case(at("/userinfo", how=with_json(lambda v: [v])), 3),
    # redirects
    "redirects in a circle": Case(
        at("/authorize", "/continue", how=mouths.redirecting(lambda asked: asked.target)),
        3,
        unknown=_NO_CODE,
    ),
    "redirect to another host": Case(
        at("/authorize", how=mouths.redirecting(lambda _: "{trap}/login")), 3, traps=True
    ),
    "redirect of tokens by 307": Case(
        at(TOKEN, how=mouths.redirecting(lambda _: "{trap}/token", 307)),
        3,
        unknown=_MISSING,
        traps=True,
    ),
    "redirect to a script": Case(
        at("/authorize", how=mouths.redirecting(lambda _: "javascript:alert(1)")), 3
    ),
    "login form of another host": Case(
        at("/authorize", how=mouths.replaced(r'action="[^"]*"', 'action="{trap}/login"')),
        3,
        unknown=_NO_CODE,
        traps=True,
    ),
    "refresh to another host": Case(
        at("/authorize", how=saying(lambda h: h.adding(("Refresh", "0; url={trap}/login")))),
        3,
        unknown=_NO_CODE,
        traps=True,
    ),
    # metadata that point elsewhere
    "token endpoint elsewhere": Case(
        at(*METADATA, how=elsewhere("token_endpoint")), 3, unknown=_MISSING, traps=True
    ),
    "every endpoint elsewhere": Case(
        at(
            *METADATA,
            how=with_json(
                lambda v: {
                    n: f"{{trap}}/{n}" if n.endswith(("_endpoint", "_uri")) else x
                    for n, x in v.items()
                }
            ),
        ),
        3,
        unknown=_MISSING,
        traps=True,
    ),
    "token endpoint in the clear": Case(
        at(*METADATA, how=in_the_clear("token_endpoint")), 3, tls="good", unknown=_MISSING
    ),
    "every endpoint in the clear": Case(
        at(*METADATA, how=in_the_clear(*ENDPOINTS)), 3, tls="good", unknown=_MISSING
    ),
    "userinfo elsewhere": Case(at(*METADATA, how=elsewhere("userinfo_endpoint")), 3, traps=True),
    # broken HTTP
    "body shorter than announced": Case(at(TOKEN, how=mouths.too_short), 3, unknown=_MISSING),
    "body longer than announced": Case(at(TOKEN, how=mouths.too_long), 3),
    "two lengths": Case(
        at(TOKEN, how=raw(head("Content-Length: 2", "Content-Length: 3"), b"{}x")), 3
    ),
    "negative length": Case(at(TOKEN, how=raw(head("Content-Length: -1"), b"{}")), 3),
    "chunk of no size": Case(
        at(TOKEN, how=raw(head("Transfer-Encoding: chunked"), b"zz\r\n{}\r\n0\r\n\r\n")), 3
    ),
    "chunk of immense size": Case(
        at(TOKEN, how=raw(head("Transfer-Encoding: chunked"), b"f" * 400 + b"\r\n{}")), 3
    ),
    "reset in the body": Case(at(TOKEN, how=mouths.reset_in_body), 3, unknown=_MISSING),
    "reset at once": stranger(mouths.reset_at_once),
    "no HTTP at all": stranger(raw(b"SSH-2.0-OpenSSH_9.9\r\n")),
    "status of no meaning": Case(at(TOKEN, how=raw(head(status="999 ?"), b"{}")), 3),
    # TLS
    "good certificate": Case(mouths.plainly, 0, tls="good"),
    "certificate of itself": Case(
        mouths.plainly, 3, tls="selfsigned", known=False, told="self-signed certificate"
    ),
    "expired certificate": Case(
        mouths.plainly, 3, tls="expired", known=False, told="certificate has expired"
    ),
    "certificate of another host": Case(
        mouths.plainly,
        3,
        tls="elsewhere",
        known=False,
        told="certificate is not valid for '127.0.0.1'",
    ),
    # words
    "markup in every field": Case(
        at(*METADATA, "/jwks", how=with_json(mouths.injected)), 3, injects=True
    ),
    "markup in token responses": Case(
        at(TOKEN, "/userinfo", how=with_json(mouths.injected)), 3, injects=True
    ),
    "markup in introspection": Case(
        at("/introspect", how=with_json(mouths.injected)), 1, injects=True
    ),
    "markup in registrations": Case(
        at("/register", how=with_json(mouths.injected)), 1, injects=True
    ),
    "markup in errors": Case(
        at(
            TOKEN,
            how=with_json(
                lambda v: {n: x + mouths.INJECTION for n, x in v.items()} if "error" in v else v
            ),
        ),
        3,
        injects=True,
    ),
    "markup on pages": Case(saying(mouths.on_pages), 0, injects=True),
    "markup in headers": Case(saying(mouths.in_headers), 3, injects=True),
    "markup in redirects": Case(saying(mouths.in_redirects), 0, injects=True),
    # keys
    "keys of immense size": Case(
        at("/jwks", how=with_json(lambda v: {"keys": [HUGE_KEY, *v["keys"]]})), 0
    ),
    "thousands of keys": Case(at("/jwks", how=with_json(lambda v: {"keys": v["keys"] * 800})), 0),
    "keys that are none": Case(
        at("/jwks", how=with_json(lambda _: {"keys": [1, None, {"kty": []}, {"kid": {}}]})), 3
    ),
    # addresses
    "addresses that are none": Case(
        at(
            *METADATA,
            how=with_members(
                token_endpoint="http://[::1",
                userinfo_endpoint=42,
                jwks_uri="//",
                introspection_endpoint="http://127.0.0.1:99999/x",
            ),
        ),
        3,
        unknown=_MISSING,
    ),
    "date of no meaning": Case(saying(lambda h: h.adding(("Date", "Sun, 99 Foo 99999 99:99"))), 0),
    # time
    "clock hours ahead": Case(saying(dated), 1, make=three_hours_ahead),
    # overload, death, return
    "429 at the token endpoint": Case(
        at(TOKEN, how=mouths.refusing(429, Retry_After="3600")), 3, unknown=_MISSING
    ),
    "503 everywhere": stranger(mouths.refusing(503, Retry_After="Fri, 31 Dec 2999 23:59:59 GMT")),
    "empty object everywhere": stranger(mouths.refusing(200)),
    "nothing everywhere": stranger(mouths.refusing(204)),
    "death after forty requests": Case(mouths.Dying(40), 3),
    "restart that forgets": Case(_restarting, 3, make=_restarting.make, depends_on_luck=True),
    "429 whose Retry-After is beyond all numbers": Case(
        at(TOKEN, how=mouths.refusing(429, Retry_After="9" * 5_000)), 3, unknown=_MISSING
    ),
    "429 whose Retry-After is no date": Case(
        at(TOKEN, how=mouths.refusing(429, Retry_After=mouths.NO_DATE)),
        3,
        unknown=_MISSING,
    ),
    "503 but for documents": Case(
        at("/token", "/authorize", "/userinfo", "/introspect", "/register", how=_overloaded),
        3,
        unknown=_MISSING,
    ),
    "storm of 503": Case(mouths.Storm(20, 60), 3, depends_on_luck=True, at_most=(), exits=(0,)),
    "clock that jumps by hours": Case(
        mouths.Jumping(), 1, depends_on_luck=True, at_most=_OF_TIME, exits=(0,)
    ),
    "server whose own clock jumps": Case(
        mouths.plainly,
        1,
        make=jumping_clock,
        depends_on_luck=True,
        exits=(0, 3),
    ),
    # half-open connections
    "half a header and then nothing": Case(
        at(TOKEN, how=mouths.half_head), 3, unknown=_MISSING, exchange_s=0.5
    ),
    "end of the connection while we write": stranger(mouths.Finishing()),
    # one wrong answer among many
    "a single 500 among tokens": Case(
        mouths.Once(6, TOKEN, how=mouths.refusing(500)),
        0,
        depends_on_luck=True,
        at_most=(),
        exits=(3,),
    ),
    "a single 500 among pages": Case(
        mouths.Once(4, "/authorize", how=mouths.refusing(500)),
        0,
        depends_on_luck=True,
        at_most=(),
        exits=(3,),
    ),
    "a single malformed token": Case(
        mouths.Once(4, TOKEN, how=mouths.replaced(r'"id_token":"e', '"id_token":"!')),
        0,
        depends_on_luck=True,
        at_most=(),
        exits=(1, 3),
    ),
    # what is hardly text
    "no characters in metadata": Case(at(*METADATA, "/jwks", how=with_json(mouths.strange)), 0),
    "no characters in each text of metadata": Case(
        at(*METADATA, "/jwks", how=with_json(mouths.in_each_text)), 3
    ),
    "no characters in tokens": Case(at(TOKEN, "/userinfo", how=with_json(mouths.strange)), 1),
    "no characters in each text of tokens": Case(
        at(TOKEN, "/userinfo", how=with_json(mouths.in_each_text)), 3
    ),
    "no characters in introspection and registrations": Case(
        at("/introspect", "/register", how=with_json(mouths.in_each_text)), 1
    ),
    "no characters in errors": Case(
        at(TOKEN, how=with_json(lambda v: mouths.in_each_text(v) if "error" in v else v)), 3
    ),
    "no characters on pages": Case(saying(mouths.on_strange_pages), 0),
    "metadata with a byte order mark": stranger(
        at(*METADATA, how=saying(lambda h: h.saying(b"\xef\xbb\xbf" + h.body)))
    ),
    "dates and ages of no meaning everywhere": Case(saying(mouths.with_strange_dates), 0),
    "reason phrase that is no ASCII": Case(mouths.strange_reason, 0),
    # pages
    "page of a hundred thousand forms": Case(
        at("/authorize", how=mouths.replaced("<main>", "<main>" + "<form>" * 100_000)), 3
    ),
    "page of deep markup": Case(
        at("/authorize", how=mouths.replaced("<main>", "<main>" + "<div><b>" * 60_000)), 3
    ),
    "page that refreshes itself": Case(
        at("/authorize", how=saying(lambda h: h.adding(("Refresh", "0")))), 3
    ),
}
