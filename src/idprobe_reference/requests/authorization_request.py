"""What an authorization request wishes, and what is wrong with it."""

import re
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlsplit

from idprobe_reference.faults import AuthorizationFault, OAuthFault, PageFault
from idprobe_reference.requests.forms import Form
from idprobe_reference.requests.referenced_objects import ReferencedObjects
from idprobe_reference.requests.requested_claims import NO_CLAIMS, RequestedClaims
from idprobe_reference.requests.resource_indicators import ResourceIndicators
from idprobe_reference.requests.scopes import scope_values
from idprobe_reference.settings import PROMPTS, ClientConfig

__all__ = ["AuthorizationRequests", "Wish"]

_MODES: Final = frozenset({"query", "fragment", "form_post"})
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_LOOPBACK_IPS: Final = frozenset({"127.0.0.1", "::1"})
_MAX_LOCALES: Final = 10
_MAX_AGE: Final = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Wish:
    """An authorization request whose answer has a place to go to; `fault` says what is wrong."""

    client: ClientConfig
    redirect_uri: str
    redirect_uri_was_sent: bool
    response_types: frozenset[str]
    response_mode: str
    state: str | None = field(repr=False)
    nonce: str | None = field(default=None, repr=False)
    scope: tuple[str, ...] = ()
    prompts: frozenset[str] = frozenset()
    max_age: int | None = None
    hinted_sub: str | None = None
    claims: RequestedClaims = NO_CLAIMS
    resources: tuple[str, ...] = ()
    login_hint: str = ""
    challenge: str | None = None
    challenge_method: str = "plain"
    browser_state: str = field(default="", repr=False)
    fault: AuthorizationFault | None = None


class AuthorizationRequests(ReferencedObjects, ResourceIndicators):
    """The decisions about an authorization request (RFC 6749 section 4.1.1, OIDC Core 3.1.2.1)."""

    def wish_of(self, form: Form) -> Wish:
        """Return what the request wishes; raises PageFault if no answer may leave the server."""
        client = self.client_for_authorization(form)
        object_fault = None
        try:
            form = self.assembled(client, form)
        except AuthorizationFault as fault:
            object_fault = fault
        redirect_uri = self.redirect_uri_for(client, form)
        types = frozenset((form.get("response_type") or "").split(" "))
        mode, mode_fault = self.response_mode_for(form, types)
        known = {
            "client": client,
            "redirect_uri": redirect_uri,
            "redirect_uri_was_sent": "redirect_uri" in form,
            "response_types": types,
            "response_mode": mode,
            "state": self.state_to_return(form),
            "prompts": frozenset((form.get("prompt") or "").split()),
            "login_hint": form.get("login_hint", ""),
        }
        try:
            for known_fault in (object_fault, mode_fault):
                if known_fault is not None:
                    raise known_fault
            details = self.details_of(client, form, types)
        except AuthorizationFault as fault:
            return Wish(**known, fault=fault)  # type: ignore[arg-type] # the members are as above
        except OAuthFault as fault:
            wrong = AuthorizationFault(fault.code, fault.description)
            return Wish(**known, fault=wrong)  # type: ignore[arg-type] # the members are as above
        return Wish(**{**known, **details})  # type: ignore[arg-type] # the members are as above

    def client_for_authorization(self, form: Form) -> ClientConfig:
        """Return the client that is named; raises PageFault (RFC 6749 section 4.1.2.1)."""
        repeated = form.repeated() & {"client_id", "redirect_uri"}
        if repeated:
            raise PageFault(f"{min(repeated)} is there more than once.")
        client = self.clients.get(form.get("client_id", ""))
        if client is None:
            raise PageFault("No client of this client_id is registered here.")
        return client

    def redirect_uri_for(self, client: ClientConfig, form: Form) -> str:
        """Return where the answer goes; raises PageFault if that is not registered or not clear."""
        given = form.get("redirect_uri")
        if given is not None:
            if any(self.redirect_uri_matches(r, given, client) for r in client.redirect_uris):
                return given
            raise PageFault("This redirect_uri is not registered for the client.")
        openid = "openid" in (form.get("scope") or "").split()
        if openid or len(client.redirect_uris) != 1:
            raise PageFault("redirect_uri is missing.")
        return client.redirect_uris[0]

    def redirect_uri_matches(self, registered: str, given: str, client: ClientConfig) -> bool:
        """Return whether the two are the same string, loopback ports apart (RFC 9700 4.1.3)."""
        if given == registered:
            return True
        if client.application_type != "native" or not self.is_loopback(registered):
            return False
        return self.is_loopback(given) and _without_port(given) == _without_port(registered)

    def is_loopback(self, uri: str) -> bool:
        """Return whether `uri` is http on a loopback address (RFC 8252 section 7.3)."""
        try:
            parts = urlsplit(uri)
            port = parts.port
        except ValueError:
            return False
        on_loopback = parts.scheme == "http" and parts.hostname in _LOOPBACK_IPS
        return on_loopback and "@" not in parts.netloc and port != 0

    def state_to_return(self, form: Form) -> str | None:
        """Return the state to send back; one that is repeated with two values is nobody's."""
        return form.get("state") if len(set(form.everything("state"))) == 1 else None

    def response_mode_for(
        self, form: Form, types: frozenset[str]
    ) -> tuple[str, AuthorizationFault | None]:
        """Return how the answer travels; raises PageFault for a mode that is unknown.

        Tokens never travel in a query (OAuth 2.0 Multiple Response Types section 5).
        """
        default = self.default_response_mode(types)
        if "response_mode" in form.repeated() or "response_mode" not in form:
            return default, None
        mode = form["response_mode"]
        if mode not in _MODES:
            raise PageFault("This response_mode is not supported.")
        if mode == "query" and default == "fragment":
            fault = AuthorizationFault("invalid_request", "tokens do not travel in a query")
            return default, fault
        return mode, None

    def default_response_mode(self, types: frozenset[str]) -> str:
        """Return the mode of a response type whose request names none."""
        return "fragment" if types & {"token", "id_token"} else "query"

    def details_of(
        self, client: ClientConfig, form: Form, types: frozenset[str]
    ) -> dict[str, object]:
        """Return the rest of the wish; raises AuthorizationFault or OAuthFault."""
        if form.repeated():
            raise AuthorizationFault("invalid_request", "a parameter is repeated")
        self.check_response_type(client, form)
        for name in ("request", "request_uri"):
            if name in form:
                raise AuthorizationFault(f"{name}_not_supported", f"{name} is not supported")
        prompts = frozenset((form.get("prompt") or "").split())
        self.check_prompt(prompts)
        scope = self.authorized_scope(client, form.get("scope"), types, prompts)
        resources = self.authorized_resources(form, scope, types)
        self.check_nonce(form, scope, types)
        challenge, method = self.challenge_for(client, form, types)
        claims = self.requested_claims(form)
        self.check_acr(claims)
        return {
            "nonce": form.get("nonce"),
            "scope": scope,
            "max_age": self.max_age_of(client, form),
            "hinted_sub": self.wanted_sub(self.hinted_sub(form), claims),
            "claims": claims,
            "resources": resources,
            "challenge": challenge,
            "challenge_method": method,
        }

    def authorized_resources(
        self, form: Form, scope: tuple[str, ...], types: frozenset[str]
    ) -> tuple[str, ...]:
        """Return the resources that bound the whole grant (RFC 8707 section 2.1).

        What comes of them is refused here already, where it cannot become a token.
        """
        resources = self.requested_resources(form)
        if "token" in types or not resources:
            self.target_of(resources, (), frozenset(scope))
        return resources

    def check_response_type(self, client: ClientConfig, form: Form) -> None:
        """Refuse a response type that is absent, unknown, or not the client's."""
        text = form.get("response_type")
        if text is None:
            raise AuthorizationFault("invalid_request", "response_type is missing")
        if not _has_type(self.config.response_types, text):
            raise AuthorizationFault(
                "unsupported_response_type", "this response type is not supported"
            )
        if not _has_type(client.response_types, text):
            raise AuthorizationFault(
                "unauthorized_client", "the client may not use this response type"
            )

    def check_prompt(self, prompts: frozenset[str]) -> None:
        """Refuse prompt=none together with anything else (OIDC Core section 3.1.2.1)."""
        if "none" in prompts and len(prompts) > 1:
            raise AuthorizationFault("invalid_request", "prompt none stands alone")
        strange = sorted(prompts - set(PROMPTS))
        if self.config.prompt_create and strange:
            raise PageFault(f"invalid_request: the prompt {strange[0]!r} is not supported.")

    def authorized_scope(
        self,
        client: ClientConfig,
        requested: str | None,
        types: frozenset[str],
        prompts: frozenset[str],
    ) -> tuple[str, ...]:
        """Return the scope that can be granted, in the order of the request.

        OpenID Connect ignores values that are not understood; plain OAuth is told.
        """
        text = self.config.default_scope if requested is None else requested
        scope_values(text or " ")
        wanted = tuple(dict.fromkeys(text.split(" ")))
        allowed = client.scopes
        if requested is not None and "openid" not in wanted and not allowed >= set(wanted):
            raise AuthorizationFault("invalid_scope", "the client may not have this scope")
        kept = tuple(value for value in wanted if value in allowed)
        if "openid" in kept and not self.offline_access_is_permitted(types, prompts):
            kept = tuple(value for value in kept if value != "offline_access")
        if not kept:
            raise AuthorizationFault("invalid_scope", "there is no scope to grant")
        return kept

    def offline_access_is_permitted(self, types: frozenset[str], prompts: frozenset[str]) -> bool:
        """Return whether offline_access counts (OpenID Connect Core section 11)."""
        return "code" in types and "consent" in prompts

    def check_nonce(self, form: Form, scope: tuple[str, ...], types: frozenset[str]) -> None:
        """Refuse a front-channel ID token without openid or nonce (OIDC Core section 3.2.2.1)."""
        if "id_token" not in types:
            return
        if "openid" not in scope:
            raise AuthorizationFault("invalid_request", "an ID token needs the scope openid")
        if self.nonce_is_required(types) and "nonce" not in form:
            raise AuthorizationFault("invalid_request", "nonce is missing")

    def nonce_is_required(self, types: frozenset[str]) -> bool:
        """Return whether the request needs a nonce."""
        return "id_token" in types

    def challenge_for(
        self, client: ClientConfig, form: Form, types: frozenset[str]
    ) -> tuple[str | None, str]:
        """Return the code challenge and its method (RFC 7636 section 4.4.1)."""
        challenge = form.get("code_challenge")
        method = form.get("code_challenge_method", self.default_challenge_method())
        if "code" not in types:
            return None, method
        if challenge is None:
            if self.pkce_is_required(client) or "code_challenge_method" in form:
                raise AuthorizationFault("invalid_request", "code_challenge is missing")
            return None, method
        if method not in self.accepted_challenge_methods():
            raise AuthorizationFault(
                "invalid_request", "this code_challenge_method is not supported"
            )
        if not self.challenge_is_well_formed(challenge):
            raise AuthorizationFault("invalid_request", "code_challenge is malformed")
        return challenge, method

    def default_challenge_method(self) -> str:
        """Return the method of a challenge that comes without one (RFC 7636 section 4.3)."""
        return "plain"

    def accepted_challenge_methods(self) -> frozenset[str]:
        """Return the challenge methods that are accepted."""
        return frozenset({"S256", "plain"} if self.config.plain_pkce else {"S256"})

    def challenge_is_well_formed(self, challenge: str) -> bool:
        """Return whether the challenge has 43 to 128 unreserved characters (section 4.2)."""
        return _CHALLENGE.fullmatch(challenge) is not None

    def pkce_is_required(self, client: ClientConfig) -> bool:
        """Return whether `client` has to send a challenge; public clients always."""
        return self.config.require_pkce or client.is_public

    def max_age_of(self, client: ClientConfig, form: Form) -> int | None:
        """Return how old the login may be, in seconds."""
        text = form.get("max_age")
        if text is None:
            return client.default_max_age
        if _MAX_AGE.fullmatch(text) is None:
            raise AuthorizationFault("invalid_request", "max_age is no number of seconds")
        return int(text)

    def requested_claims(self, form: Form) -> RequestedClaims:
        """Return what the claims parameter asks for; it is ignored where it is not supported."""
        text, wanted = form.get("claims"), form.get("claims_locales", "").split()[:_MAX_LOCALES]
        locales = tuple(wanted) if self.config.claims_locales else ()
        if text is None or not self.config.claims_parameter:
            return replace(NO_CLAIMS, locales=locales)
        try:
            return replace(RequestedClaims.parse(text), locales=locales)
        except (ValueError, TypeError) as error:
            raise AuthorizationFault("invalid_request", "claims cannot be read") from error

    def check_acr(self, claims: RequestedClaims) -> None:
        """Refuse an Essential acr that this server cannot reach (OIDC Core section 5.5.1.1)."""
        asked = claims.id_token.get("acr")
        if asked is not None and asked.essential and not asked.takes(self.config.acr):
            raise AuthorizationFault("access_denied", "this acr cannot be reached")

    def wanted_sub(self, hinted: str | None, claims: RequestedClaims) -> str | None:
        """Return who has to be the one who is logged in; raises AuthorizationFault for two."""
        asked = (claims.id_token.get("sub"), claims.userinfo.get("sub"))
        subs = {str(value) for one in asked if one is not None for value in one.values or ()}
        wanted = subs if hinted is None else subs | {hinted}
        if len(wanted) > 1:
            raise AuthorizationFault("login_required", "nobody can be two persons")
        return next(iter(wanted), None)

    def hinted_sub(self, form: Form) -> str | None:
        """Return whom id_token_hint is about; an ID token past its expiry will do."""
        hint = form.get("id_token_hint")
        if hint is None:
            return None
        claims = self.claims_of_hint(hint)
        if claims is None:
            raise AuthorizationFault("invalid_request", "id_token_hint is no ID token of ours")
        return str(claims["sub"])

    def claims_of_hint(self, hint: str) -> dict[str, object] | None:
        """Return the claims of an ID token that this server issued; None for anything else."""
        return self.id_token_of_ours(hint)


def _has_type(offered: tuple[str, ...], text: str) -> bool:
    """Return whether `text` names one of `offered`, in whatever order of its words."""
    words = text.split(" ")
    return any(sorted(words) == sorted(known.split(" ")) for known in offered)


def _without_port(uri: str) -> str:
    parts = urlsplit(uri)
    port = "" if parts.port is None else f":{parts.port}"
    return uri.replace(f"{parts.netloc}", parts.netloc.removesuffix(port), 1)
