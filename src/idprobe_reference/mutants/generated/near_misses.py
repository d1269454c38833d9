"""Mutants that compare almost rightly: what differs from a good value in one respect passes."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

import re
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import Code, RefreshToken


def _host(uri: str) -> str:
    try:
        return urlsplit(uri).hostname or ""
    except ValueError:
        return ""


COMPARED: Final = (
    "RFC9700-2.1/exact-redirect-matching",
    "RFC9700-4.1.3/redirect-uris-equal",
    "RFC6749-3.1.2.3/simple-string-comparison",
    "OIDCC-3.1.2.1/redirect-uri-exact-match",
)
"""What says that redirect URIs are compared as they stand."""


class _Matching(ReferenceServer):
    """Compares what `reduced` makes of two redirect URIs."""

    def redirect_uri_matches(self, registered: str, given: str, client: ClientConfig) -> bool:
        try:
            alike = self.reduced(registered) == self.reduced(given)
        except ValueError:
            alike = False
        return alike or super().redirect_uri_matches(registered, given, client)

    def reduced(self, uri: str) -> str:
        return uri


@mutant(breaks=COMPARED)
class RedirectHostsEndInADot(_Matching):
    """A dot after the host of a redirect URI does not count."""

    def reduced(self, uri: str) -> str:
        return re.sub(r"^(https?://[^/?#]*[^/?#.])\.(?=[/?#:]|$)", r"\1", uri)


@mutant(breaks=[*COMPARED, "RFC6749-3.1.2.2/partial-registration-fixes-scheme-authority-path"])
class RedirectsIgnoreCase(_Matching):
    """The case of redirect URIs does not count."""

    def reduced(self, uri: str) -> str:
        return uri.lower()


@mutant(
    breaks=[
        *COMPARED,
        "RFC6749-10.2/redirect-registration-without-authentication",
        "RFC8252-8.4/exact-match-except-loopback-port",
    ]
)
class RedirectQueriesAreIgnored(_Matching):
    """What stands behind the question mark of a redirect URI does not count."""

    def reduced(self, uri: str) -> str:
        return uri.partition("?")[0]


@mutant(breaks=COMPARED)
class RedirectSlashesAreTrimmed(_Matching):
    """A slash at the end of a redirect URI does not count."""

    def reduced(self, uri: str) -> str:
        return uri.rstrip("/")


@mutant(breaks=COMPARED)
class RedirectDotsAreResolved(_Matching):
    """Segments of dots in the path of a redirect URI are taken out before it is compared."""

    def reduced(self, uri: str) -> str:
        parts = urlsplit(uri)
        path: list[str] = []
        for segment in parts.path.split("/"):
            if segment == "..":
                del path[-1:]
            elif segment != ".":
                path.append(segment)
        return urlunsplit(parts._replace(path="/".join(path)))


@mutant(breaks=[*COMPARED, "RFC6749-3.1.2.2/partial-registration-fixes-scheme-authority-path"])
class RedirectPortsAreIgnored(_Matching):
    """Every port of the host of a redirect URI will do."""

    def reduced(self, uri: str) -> str:
        return re.sub(r"^(https?://[^/?#]*?):[0-9]+(?=[/?#]|$)", r"\1", uri)


@mutant(breaks=[*COMPARED, "RFC6749-3.1.2.2/partial-registration-fixes-scheme-authority-path"])
class SubdomainsAreTrusted(ReferenceServer):
    """A host below that of a registered redirect URI is as good."""

    def redirect_uri_matches(self, registered: str, given: str, client: ClientConfig) -> bool:
        below = _host(given).endswith(f".{_host(registered)}")
        return below or super().redirect_uri_matches(registered, given, client)


@mutant(breaks=COMPARED)
class HostsAreSoughtAnywhere(ReferenceServer):
    """A redirect URI is good if its authority has the registered host in it, as a user's name."""

    def redirect_uri_matches(self, registered: str, given: str, client: ClientConfig) -> bool:
        authority = given.partition("://")[2].partition("/")[0]
        named = authority.startswith(f"{_host(registered)}@")
        return named or super().redirect_uri_matches(registered, given, client)


@mutant(breaks=[*COMPARED, "RFC6749-3.1.2.2/partial-registration-fixes-scheme-authority-path"])
class RedirectSchemesAreEqual(_Matching):
    """Of a redirect URI it does not count whether it is http or https."""

    def reduced(self, uri: str) -> str:
        return re.sub(r"^http:", "https:", uri)


@mutant(
    breaks=[
        "RFC6749-4.1.3/code-issued-to-authenticated-client",
        "RFC6749-4.1.3/code-issued-to-public-client-id",
        "OIDCC-3.1.3.2/code-bound-to-client",
        "RFC6749-10.5/code-client-match",
    ]
)
class CodesAreAnybodys(ReferenceServer):
    """A code is redeemed for whichever client brings it."""

    def code_belongs_to(self, code: Code, client: ClientConfig) -> bool:
        del code, client
        return True


@mutant(
    breaks=[
        "RFC6749-6/refresh-token-issued-to-client",
        "OIDCC-12.1/refresh-token-bound-to-client",
        "RFC6749-10.4/refresh-token-bound-to-client",
        "OAUTH21-4.3.1/issued-to-client-id",
        "RFC6749-10.4/binding-verified",
    ]
)
class RefreshTokensAreAnybodys(ReferenceServer):
    """A refresh token works for every client that authenticates."""

    def refresh_token_belongs_to(self, token: RefreshToken, client: ClientConfig) -> bool:
        return not client.is_public or super().refresh_token_belongs_to(token, client)


@mutant(breaks="RFC6749-4.1.3/redirect-uri-identical")
class RedeemedUrisIgnoreTheQuery(ReferenceServer):
    """At the token endpoint redirect_uri is compared up to its question mark."""

    def redemption_uri_matches(self, code: Code, given: str | None) -> bool:
        if given is None:
            return super().redemption_uri_matches(code, given)
        return given.partition("?")[0] == code.redirect_uri.partition("?")[0]


@mutant(
    breaks=[
        "RFC6749-4.1.3/redirect-uri-identical",
        "RFC6749-10.6/redirect-uri-identical-at-token-endpoint",
    ]
)
class RedeemedUrisOfTheClientWillDo(ReferenceServer):
    """At the token endpoint any redirect URI of the client is as good as that of the code."""

    def redemption_uri_matches(self, code: Code, given: str | None) -> bool:
        client = self.clients[code.grant.client_id]
        return super().redemption_uri_matches(code, given) or given in client.redirect_uris


@mutant(breaks=["RFC6749-4.1.3/redirect-uri-present", "OIDCC-3.1.3.2/redirect-uri-omitted"])
class RedeemedUrisMayBeLeftOut(ReferenceServer):
    """At the token endpoint redirect_uri is compared only if it is there."""

    def redemption_uri_matches(self, code: Code, given: str | None) -> bool:
        return given is None or super().redemption_uri_matches(code, given)


@mutant(
    breaks=["RFC6749-6/scope-not-widened", "RFC9700-4.14.2/bound-to-consented-scope-and-resources"]
)
class RefreshWidensToTheClient(ReferenceServer):
    """A refresh may ask for everything that the client may have, granted or not."""

    async def refresh(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        old = self.find_refresh_token(form.get("refresh_token", ""))
        if old is not None and "scope" in form:
            old.scope = old.scope | client.scopes
        return await super().refresh(client, form)
