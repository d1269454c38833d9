"""Variants of what is around a body: names in other cases, more headers, other pieces."""

# ruff: noqa: D102 - the class of a variant says what its one method does

from collections.abc import Iterable
from dataclasses import replace

from idprobe_reference.faults import BearerFault
from idprobe_reference.server import ReferenceServer
from idprobe_reference.variants.layers import Answer, Rewriting
from idprobe_reference.variants.registry import variant

_PIECE_BYTES = 7


@variant("RFC 9110 section 5.1")
class HeaderNamesAreUpperCase(Rewriting):
    """The names of all headers are written in capitals."""

    def rewritten(self, answer: Answer) -> Answer:
        return replace(answer, headers=tuple((n.upper(), v) for n, v in answer.headers))


@variant("RFC 9110 section 5.3", shape="speakup")
class HeadersComeTheOtherWayRound(Rewriting):
    """The headers of each answer come in the opposite order."""

    def rewritten(self, answer: Answer) -> Answer:
        return replace(answer, headers=answer.headers[::-1])


@variant("RFC 9110 section 16.3.1")
class AnswersHaveMoreHeaders(Rewriting):
    """Each answer has headers of a proxy, of monitoring, and of browsers' policies."""

    def rewritten(self, answer: Answer) -> Answer:
        return answer.adding(
            ("Server", "idprobe"),
            ("Via", "1.1 edge.idprobe.example"),
            ("X-Request-Id", "5f1d9c0a-7be3"),
            ("Server-Timing", "app;dur=1.2"),
            ("Vary", "Origin, Accept-Encoding"),
            ("Permissions-Policy", "camera=()"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            ("X-XSS-Protection", "0"),
        )


@variant("RFC 6265 section 4.1")
class BalancerSetsCookies(Rewriting):
    """A load balancer sets cookies of its own with each answer."""

    def rewritten(self, answer: Answer) -> Answer:
        more = "; Path=/; HttpOnly; SameSite=Lax"
        return answer.adding(
            ("Set-Cookie", f"route=node-1{more}"), ("Set-Cookie", f"route-legacy=node-1{more}")
        )


@variant("RFC 6265 section 4.1.1", shape="speakup")
class CookieAttributesAreSpeltOtherwise(Rewriting):
    """Attributes of cookies come in another order and case, with an unknown one and Max-Age."""

    def rewritten(self, answer: Answer) -> Answer:
        return replace(
            answer,
            headers=tuple(
                (n, self.respelt(v) if n.lower() == "set-cookie" else v) for n, v in answer.headers
            ),
        )

    def respelt(self, value: str) -> str:
        """Return a cookie with its attributes written otherwise."""
        pair, *attributes = value.split("; ")
        lower = [one.lower() for one in reversed(attributes)]
        age = [] if any(one.startswith("max-age") for one in lower) else ["MAX-AGE=28800"]
        return ";".join([pair, *lower, "Priority=High", *age])


@variant("RFC 9111 section 5.2")
class CacheControlSaysMore(Rewriting):
    """Where nothing is stored, other directives say the same once more, in other letters."""

    def rewritten(self, answer: Answer) -> Answer:
        if answer.header("cache-control") != "no-store":
            return answer
        more = answer.with_header("cache-control", "No-Cache, NO-STORE,max-age=0 , private")
        return more.adding(("Expires", "0"))


@variant("RFC 9110 section 5.3: a list may be in several lines", shape="speakup")
class CacheControlIsInSeveralLines(Rewriting):
    """Each directive of Cache-Control has a line of its own."""

    def rewritten(self, answer: Answer) -> Answer:
        if answer.header("cache-control") != "no-store":
            return answer
        lines = (("Cache-Control", "private"), ("Cache-Control", "no-store"))
        return answer.without("cache-control").adding(*lines)


@variant("RFC 9111 section 5.4: Pragma is deprecated, and RFC 9700 asks for no-store alone")
class PragmaIsOnlyWhereItMust(Rewriting):
    """Pages and redirects have no Pragma; token responses keep it (RFC 6749 section 5.1)."""

    def rewritten(self, answer: Answer) -> Answer:
        return answer if answer.is_json else answer.without("pragma")


@variant("RFC 9112 section 7.1", medium="socket")
class BodiesAreChunked(Rewriting):
    """Bodies have no length and come in chunks of seven octets."""

    def rewritten(self, answer: Answer) -> Answer:
        may_have_body = answer.status not in {204, 304} and answer.method != "HEAD"
        return answer.without("content-length") if may_have_body else answer

    def pieces(self, body: bytes) -> Iterable[bytes]:
        step = max(_PIECE_BYTES, len(body) // 50)
        return (body[i : i + step] for i in range(0, len(body), step))


@variant("RFC 9112 section 9.6", shape="speakup", medium="socket")
class ConnectionsAreClosed(Rewriting):
    """The connection is closed after each answer."""

    def rewritten(self, answer: Answer) -> Answer:
        return answer.without("connection").adding(("Connection", "close"))


@variant("RFC 6797 section 6.1", medium="tls")
class TransportSecuritySaysMore(ReferenceServer):
    """Strict-Transport-Security has other letters, quotes, and further directives."""

    def headers_of_all(self) -> dict[str, str]:
        value = 'Max-Age="63072000" ; includeSubDomains;preload'
        return {"Strict-Transport-Security": value} if self.is_secure() else {}


@variant("RFC 9110 section 11.6.1, RFC 6750 section 3")
class ChallengesAreSpeltOtherwise(ReferenceServer):
    """The scheme of challenges is in small letters, their parameters in another order, unquoted."""

    def bearer_challenge(self, fault: BearerFault) -> str:
        scheme, _, rest = super().bearer_challenge(fault).partition(" ")
        parameters = [one.replace(f'"{fault.code}"', fault.code) for one in rest.split(", ")]
        return f"{scheme.lower()}  {' , '.join(reversed(parameters))}"

    def authentication_challenge(self) -> str:
        return 'basic charset="UTF-8",realm="idprobe\\"s"'


@variant("RFC 6750 section 3: other auth-params may be used", shape="speakup")
class ChallengesSayMore(ReferenceServer):
    """Challenges of resources have further parameters; a client may use another scheme too."""

    def bearer_challenge(self, fault: BearerFault) -> str:
        metadata = self.url("/.well-known/oauth-protected-resource")
        return f'{super().bearer_challenge(fault)}, resource_metadata="{metadata}", x=1'

    def authentication_challenge(self) -> str:
        return f'Digest realm="x", nonce="n, Basic", {super().authentication_challenge()}'


@variant("Fetch, section 3.2.5: one origin may be named instead of all")
class OriginsAreNamed(Rewriting):
    """What scripts may read names the origin that asked, and says so to caches."""

    def rewritten(self, answer: Answer) -> Answer:
        if not answer.header("access-control-allow-origin"):
            return answer
        varying = answer.adding(("Vary", "Origin"))
        if not answer.origin:
            return varying.without("access-control-allow-origin")
        return varying.with_header("access-control-allow-origin", answer.origin)


@variant("RFC 6265 section 4.1: what a server stores is its own affair")
class PagesSetFurtherCookies(Rewriting):
    """Pages keep the language in a cookie that scripts read, and take an old cookie back."""

    def rewritten(self, answer: Answer) -> Answer:
        if not answer.header("content-type").startswith("text/html"):
            return answer
        gone = "Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; HttpOnly; SameSite=Lax"
        return answer.adding(
            ("Set-Cookie", "lang=en; Max-Age=31536000; Path=/; SameSite=Lax"),
            ("Set-Cookie", f"old_session=; {gone}"),
        )


@variant(
    "Fetch, sections 2.2.6 and 3.2.5: any status from 200 to 299, names in any case",
    differs={"RFC9110-8.6/no-content-length-with-204": "no preflight is answered with 204"},
)
class PreflightsAreSpeltOtherwise(Rewriting):
    """Preflights have 200 and an empty body, and names of headers in small letters."""

    def rewritten(self, answer: Answer) -> Answer:
        allowed = answer.header("access-control-allow-headers")
        if not allowed:
            return answer
        lower = answer.with_header("access-control-allow-headers", allowed.lower())
        return replace(lower.with_header("content-length", "0"), status=200)
