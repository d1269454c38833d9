"""The values of a profile, frozen, with reprs that show no secret."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Self
from urllib.parse import urlsplit

from idprobe.errors import EvidenceError, ProfileError
from idprobe.model.profile.addresses import host_of, is_loopback, is_usable_url, origin_of, secured
from idprobe.model.profile.clients import Client, Role

__all__ = [
    "AssertionGrant",
    "Deviation",
    "Indicator",
    "Limits",
    "Listening",
    "Login",
    "Network",
    "Profile",
    "Provider",
    "Target",
    "Tls",
    "User",
    "polite_limits",
    "with_issuer",
]

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
DOCUMENTS: Final = frozenset({"jwks_uri", "check_session_iframe"})
"""The endpoints that are read without credentials."""
SECRET_JWK_MEMBERS: Final = ("d", "p", "q", "dp", "dq", "qi", "k")
_TELLTALES: Final = ("authorization", "cookie", "key", "token", "secret", "password")


def _nothing() -> Mapping[str, Any]:
    return NOTHING


@dataclass(frozen=True, slots=True)
class AssertionGrant:
    """Whom the client in the role signed may vouch for (RFC 7523 section 2.1), and as whom."""

    subject: str
    issuer: str | None = None
    """None: the client_id."""


@dataclass(frozen=True, slots=True)
class Indicator:
    """A resource that tokens can be asked for by name, and its scope (RFC 8707 section 2)."""

    uri: str
    scope: str

    @property
    def scopes(self) -> frozenset[str]:
        """The values of its scope."""
        return frozenset(self.scope.split())


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who can log in at the server."""

    name: str
    username: str
    password: str = field(repr=False)
    totp_secret: str | None = field(default=None, repr=False)
    throw_away: bool = False
    """Whether its password may be guessed at until the server locks it."""


@dataclass(frozen=True, slots=True)
class Login:
    """How a user's browser is played: driver, hints (CSS selectors), cookies to start from."""

    driver: str = "form"
    hints: Mapping[str, str] = field(default_factory=_nothing)
    cookies: str | None = field(default=None, repr=False)
    """A session to start from, as a Cookie header has it."""
    browser: str | None = None
    """The path of the browser, None for what is found on the PATH."""
    pages: tuple[str, ...] = ()
    """Addresses of pages on other origins than the server's; credentials may go there."""


def cookie_values(header: str) -> tuple[str, ...]:
    """Return the values of the cookies in a Cookie header (RFC 6265 section 4.2.1)."""
    pairs = (part.strip().partition("=") for part in header.split(";"))
    return tuple(value for _, _, value in pairs if value)


@dataclass(frozen=True, slots=True)
class Target:
    """Who allowed the test and until when (the last day), and where TLS ends."""

    authorized_by: str | None = None
    until: date | None = None
    tls: str = "direct"


@dataclass(frozen=True, slots=True)
class Limits:
    """How hard and how long the server may be bothered; None is without limit."""

    requests_per_second: float | None = None
    concurrency: int | None = None
    max_wait_s: float = 10.0
    exchange_s: float = 10.0
    body_bytes: int = 1_048_576
    max_requests: int | None = None
    """How many requests a run may send in all; without it, as many as its depth allows."""


@dataclass(frozen=True, slots=True)
class Tls:
    """What TLS trusts and shows; `insecure` turns verification off and is printed in reports."""

    ca_file: Path | None = None
    client_cert: Path | None = None
    client_key: Path | None = None
    insecure: bool = False


@dataclass(frozen=True, slots=True)
class Network:
    """The way to the server: a proxy, headers for its origins, host[:port] to address."""

    proxy: str | None = field(default=None, repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    resolve: Mapping[str, str] = field(default_factory=_nothing)

    def address_for(self, host: str, port: int) -> str | None:
        """Return the address that `resolve` gives a host, None without one.

        What is given for host:port is nearer than what is given for the host.
        """
        given = {name.lower(): address for name, address in self.resolve.items()}
        shown = f"[{host}]" if ":" in host else host
        return given.get(f"{shown}:{port}") or given.get(shown) or given.get(host)


@dataclass(frozen=True, slots=True)
class Listening:
    """Where our own server listens; `public_url` is how the server under test reaches it."""

    host: str = "127.0.0.1"
    port: int = 0
    public_url: str | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """One of the replicas of the server, by its own address."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Deviation:
    """A violation that is known and accepted, with its reason; it counts again after `until`."""

    requirement: str
    because: str
    until: date | None = None
    depth: str = "quick"
    """The least depth at which it shows: a run of less cannot tell that it is gone."""


@dataclass(frozen=True, slots=True, repr=False)
class Profile:
    """What server is tested and how; `where` is the file it came from, or what it describes."""

    name: str
    where: str
    issuer: str
    metadata_url: str | None = None
    embedded: str | None = None
    standards: tuple[str, ...] = ("oauth2.0", "oidc", "bcp")
    features: tuple[str, ...] = ()
    endpoints: Mapping[str, str] = field(default_factory=_nothing)
    clients: Mapping[str, Client] = field(default_factory=_nothing)
    users: Mapping[str, User] = field(default_factory=_nothing)
    login: Login = Login()
    target: Target = Target()
    resource_url: str | None = None
    indicators: tuple[Indicator, ...] = ()
    initial_access_token: str | None = None
    assertion_grant: AssertionGrant | None = None
    contract: Mapping[str, Any] = field(default_factory=_nothing)
    limits: Limits = Limits()
    tls: Tls = Tls()
    network: Network = Network()
    listener: Listening | None = None
    nodes: tuple[Node, ...] = ()
    deviations: tuple[Deviation, ...] = ()
    quarantine: tuple[Deviation, ...] = ()
    """What came out otherwise in two runs of one build: reported, and not counted until a day."""
    extras: Mapping[str, Any] = field(default_factory=_nothing)
    """Tables of later capabilities, frozen: load."""

    @property
    def named_urls(self) -> tuple[str, ...]:
        """Every URL at which the profile names a server, the issuer's first."""
        return (*self._receivers, *self._leads)

    @property
    def named_hosts(self) -> frozenset[str]:
        """The host[:port] of every URL that the profile names, a scheme's default port left out."""
        return frozenset(map(host_of, self.named_urls))

    @property
    def allowed_origins(self) -> frozenset[str]:
        """The origins that credentials, tokens, codes and cookies may go to.

        The issuer's, and those of the endpoints, the resource and the nodes, just as the profile
        names them; each by https as well. Where the metadata are and where pages are shown is
        trusted by https alone, unless the issuer itself is at plain http.
        """
        origins = {origin_of(url) for url in self._receivers if is_usable_url(url)}
        leads = {origin_of(url) for url in self._leads if is_usable_url(url)}
        origins |= leads if self.issuer.lower().startswith("http:") else set()
        return frozenset(origins | set(map(secured, origins | leads)))

    def trusts(self, url: str) -> bool:
        """Return whether credentials may go to a URL, which may be none."""
        return is_usable_url(url) and origin_of(url) in self.allowed_origins

    @property
    def _receivers(self) -> tuple[str, ...]:
        """The URLs that are named so that credentials or tokens go there."""
        sent = (url for name, url in self.endpoints.items() if name not in DOCUMENTS)
        nodes = (node.url for node in self.nodes)
        return tuple(url for url in (self.issuer, self.resource_url, *sent, *nodes) if url)

    @property
    def _leads(self) -> tuple[str, ...]:
        """The URLs that are named to be read: metadata, documents, pages of the login."""
        documents = (url for name, url in self.endpoints.items() if name in DOCUMENTS)
        return tuple(url for url in (self.metadata_url, *documents, *self.login.pages) if url)

    def client_for(self, role: Role) -> Client | None:
        """Return the client that plays the role, None if none does."""
        return next((client for client in self.clients.values() if role in client.roles), None)

    def client_using(self, method: str) -> Client | None:
        """Return the first client that authenticates at the token endpoint by that method."""
        clients = self.clients.values()
        return next((one for one in clients if one.token_endpoint_auth_method == method), None)

    def secrets(self) -> tuple[tuple[str, str], ...]:
        """Return every secret in the profile as (kind, value), for redaction."""
        found: list[tuple[str, str | None]] = []
        for client in self.clients.values():
            found.append(("client_secret", client.client_secret))
            found += [("private_key", value) for value in _secret_members(client.jwks)]
        for user in self.users.values():
            found += [("password", user.password), ("totp_secret", user.totp_secret)]
        found += [("cookie", value) for value in cookie_values(self.login.cookies or "")]
        found += [("initial_access_token", self.initial_access_token)]
        found += [("header", value) for name, value in self.network.headers if is_telltale(name)]
        if self.network.proxy:
            found.append(("proxy_password", urlsplit(self.network.proxy).password))
        return tuple(dict.fromkeys((kind, value) for kind, value in found if value))

    def __repr__(self) -> str:
        return f"<Profile {self.name} of {self.issuer or self.embedded}>"


@dataclass(frozen=True, slots=True, repr=False)
class Provider:
    """The server as one experiment sees it: its metadata, and the client and user at work."""

    profile: Profile
    metadata: Mapping[str, Any]
    client: Client
    user: User | None = None

    @property
    def issuer(self) -> str:
        """The issuer identifier."""
        return self.profile.issuer

    def has_endpoint(self, name: str) -> bool:
        """Return whether profile or metadata name the endpoint."""
        return bool(self._endpoint(name))

    def endpoint(self, name: str) -> str:
        """Return the URL of an endpoint, the profile's first; EvidenceError if it is unknown."""
        url = self._endpoint(name)
        if url is None:
            raise EvidenceError(f"{name} is unknown: neither metadata nor [endpoints] name it")
        return url

    def _endpoint(self, name: str) -> str | None:
        url = self.profile.endpoints.get(name) or self.metadata.get(name)
        return url if isinstance(url, str) and url else None

    def acting_as(self, role: Role) -> Self:
        """Return the provider with the client that plays the role; ProfileError without one."""
        client = self.profile.client_for(role)
        if client is None:
            fix = f"no client plays the role {role.value}: add one, or say roles = [{role.value!r}]"
            raise ProfileError(self.profile.where, "clients", fix)
        return replace(self, client=client)

    def with_client(self, client: Client) -> Self:
        """Return the provider with another client at work."""
        return replace(self, client=client)

    def with_user(self, user: User | None) -> Self:
        """Return the provider with another user at work."""
        return replace(self, user=user)

    def __repr__(self) -> str:
        user = f" with {self.user.name}" if self.user else ""
        return f"<Provider {self.issuer} seen by {self.client.name}{user}>"


def polite_limits(issuer: str | None) -> Limits:
    """Return the limits where a profile says none: polite to all servers but our own machine's."""
    if issuer is None or is_loopback(issuer):
        return Limits()
    return Limits(requests_per_second=20, concurrency=4)


def with_issuer(profile: Profile, issuer: str, ca_file: Path | None = None) -> Profile:
    """Return the profile of a server that has just started: its issuer, and the CA of its TLS."""
    tls = profile.tls if ca_file is None else replace(profile.tls, ca_file=ca_file)
    return replace(profile, issuer=issuer, tls=tls)


def is_telltale(name: str) -> bool:
    """Return whether a header of that name is likely to carry a secret."""
    return any(word in name.lower() for word in _TELLTALES)


def _secret_members(jwks: Mapping[str, Any] | None) -> list[str]:
    keys = (jwks or {}).get("keys", [])
    found = (key.get(member) for key in keys for member in SECRET_JWK_MEMBERS)
    return [value for value in found if isinstance(value, str)]
