"""The token endpoint: requests bent in one place, requests that must fail, methods, encodings."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import (
    authorize,
    client_credentials,
    client_credentials_request,
    redemption,
    refresh,
    refresh_request,
    token_request,
    tokens_by_code,
)
from idprobe.model.exchange import Pairs, Request
from idprobe.model.profile import Capability, Role
from idprobe.probes import probe
from idprobe.probes.steps.authorization_request import by_get
from idprobe.probes.steps.token_requests import (
    WRONG_SECRET,
    honest_form,
    honest_tokens,
    scope_of_its_own,
    with_secret,
)

__all__ = [
    "allow_of_405",
    "client_credentials_requests_bent",
    "code_requests_bent",
    "form_encodings",
    "orders_of_scope",
    "refresh_answer",
    "refresh_faults",
    "token_endpoint_methods",
    "token_request_faults",
]

FORM: Final = "application/x-www-form-urlencoded"
NO_SUCH_CODE: Final = "idprobe-no-such-code"
OVERRIDES: Final = tuple(
    (name, "POST") for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")
)
STRANGE_TEXT: Final = 'idprobe "quoted" \\ back\r\nline \u00e9\u20ac \x07'


def _with_type(media_type: str) -> Callable[[Request], Request]:
    def change(request: Request) -> Request:
        rest = tuple(pair for pair in request.headers if pair[0].lower() != "content-type")
        return replace(request, headers=(("Content-Type", media_type), *rest))

    return change


def _with_body(old: bytes, new: bytes) -> Callable[[Request], Request]:
    return lambda request: replace(request, body=request.body.replace(old, new, 1))


def _added(text: bytes) -> Callable[[Request], Request]:
    return lambda request: replace(request, body=request.body + text)


def _twice(name: str) -> Callable[[Request], Request]:
    """Return a change that repeats a parameter with the value that it has."""

    def change(request: Request) -> Request:
        pair = next(
            part for part in request.body.split(b"&") if part.startswith(f"{name}=".encode())
        )
        return replace(request, body=request.body + b"&" + pair)

    return change


BENDS: Final[Mapping[str, Callable[[Request], Request]]] = {
    "unknown_parameter": _added(b"&idprobe_unknown=1"),
    "unknown_header": lambda request: request.with_headers(("X-Idprobe-Unknown", "1")),
    "type_in_capitals": _with_type("Application/X-WWW-Form-URLEncoded"),
    "type_with_charset": _with_type(f"{FORM};charset=UTF-8"),
    "type_with_space_and_charset": _with_type(f"{FORM}; charset=utf-8"),
    "type_with_quoted_charset": _with_type(f'{FORM}; charset="utf-8"'),
    "name_percent_encoded": _with_body(b"grant_type=", b"grant%5Ftype="),
    "empty_pairs": lambda request: replace(
        request, body=b"&" + request.body.replace(b"&", b"&&") + b"&"
    ),
    "name_in_capitals": _with_body(b"grant_type=", b"Grant_Type="),
    "grant_type_twice": _twice("grant_type"),
    "semicolon": _with_body(b"&", b";"),
    "empty_grant_type": lambda request: _value_changed(request, lambda _: b""),
    "value_in_capitals": lambda request: _value_changed(request, bytes.upper),
    "by_get": by_get,
    "overridden": lambda request: by_get(request).with_headers(*OVERRIDES),
}


def _value_changed(request: Request, change: Callable[[bytes], bytes]) -> Request:
    """Return the request with another value of grant_type."""
    pairs = [part.partition(b"=") for part in request.body.split(b"&")]
    changed = [(n, change(v) if n == b"grant_type" else v) for n, _, v in pairs]
    return replace(request, body=b"&".join(name + b"=" + value for name, value in changed))


async def _bend(wire: Wire) -> None:
    """Send honest requests with one change each; the unchanged one works before and after."""
    provider = wire.provider
    await honest_tokens(wire, provider)
    for step, change in BENDS.items():
        form = await honest_form(wire, provider)
        await wire.send(change(token_request(provider, form)), step)
    await honest_tokens(wire, provider)


@probe(role=Role.WEB, needs={Capability.AUTHORIZATION_CODE}, logs_in=True)
async def code_requests_bent(wire: Wire) -> None:
    """Redeem codes by requests changed in one place each; a step for each of BENDS."""
    await _bend(wire)


@probe(role=Role.SERVICE, needs={Capability.CLIENT_CREDENTIALS})
async def client_credentials_requests_bent(wire: Wire) -> None:
    """Ask for a client's own tokens by requests changed in one place each; steps as in BENDS."""
    await _bend(wire)


@probe(role=Role.WEB, needs={Capability.AUTHORIZATION_CODE}, logs_in=True)
async def token_request_faults(wire: Wire) -> None:
    """Provoke every error that an authenticated client can, one step for each."""
    provider = wire.provider
    code = ("grant_type", "authorization_code")
    uri = ("redirect_uri", provider.client.redirect_uri)
    faults: Mapping[str, Pairs] = {
        "no_parameters": (),
        "no_code": (code, uri),
        "empty_code": (code, ("code", ""), uri),
        "code_twice": (code, ("code", NO_SUCH_CODE), ("code", NO_SUCH_CODE), uri),
        "unknown_code": (code, ("code", NO_SUCH_CODE), uri),
        "unknown_grant_name": (("grant_type", "idprobe_no_such_grant"),),
        "unknown_grant_uri": (("grant_type", "urn:example:idprobe:no-such-grant"),),
        "grant_type_with_space": (("grant_type", "authorization code"),),
        "strange_grant_type": (("grant_type", STRANGE_TEXT),),
        "strange_scope": (("grant_type", "client_credentials"), ("scope", STRANGE_TEXT)),
        "password_grant": (("grant_type", "password"), ("username", "idprobe"), ("password", "x")),
    }
    await honest_tokens(wire, provider)
    for step, form in faults.items():
        await wire.send(token_request(provider, form), step)
    stranger = with_secret(provider, (code, uri), WRONG_SECRET, STRANGE_TEXT)
    await wire.send(stranger, "strange_client_id")
    await honest_tokens(wire, provider)


@probe(role=Role.WEB, needs={Capability.AUTHORIZATION_CODE, Capability.REFRESH_TOKEN}, logs_in=True)
async def refresh_faults(wire: Wire) -> None:
    """Refresh with a token that nobody issued; step `unknown_token`. One that was issued works."""
    tokens = await wire.run(tokens_by_code(wire.provider), "redeem")
    if tokens.refresh_token is None:
        raise Unsuited("the web client of the profile is given no refresh token")
    request = refresh_request(wire.provider, "idprobe-no-such-refresh-token")
    await wire.send(request, "unknown_token")
    await wire.run(refresh(wire.provider, tokens.refresh_token), "control")


@probe(role=Role.WEB, needs={Capability.AUTHORIZATION_CODE, Capability.REFRESH_TOKEN}, logs_in=True)
async def refresh_answer(wire: Wire) -> None:
    """Refresh once and take whatever comes, so that its form can be judged; step `tokens`."""
    tokens = await wire.run(tokens_by_code(wire.provider), "redeem")
    if tokens.refresh_token is None:
        raise Unsuited("the web client of the profile is given no refresh token")
    await wire.send(refresh_request(wire.provider, tokens.refresh_token), "tokens")


@probe(role=Role.WEB, needs={Capability.AUTHORIZATION_CODE}, logs_in=True)
async def token_endpoint_methods(wire: Wire) -> None:
    """Use methods that ask for no token, without parameters; a step for each."""
    await honest_tokens(wire, wire.provider)
    url = wire.provider.endpoint("token_endpoint")
    for method in ("GET", "PUT", "DELETE", "HEAD", "PATCH", "TRACE"):
        await wire.send(replace(Request.get(url), method=method), method.lower())


@probe(role=Role.WEB, needs={Capability.AUTHORIZATION_CODE}, logs_in=True)
async def allow_of_405(wire: Wire) -> None:
    """See what a 405 of the token endpoint allows, and use it; steps `refused` and `allowed`."""
    await honest_tokens(wire, wire.provider)
    url = wire.provider.endpoint("token_endpoint")
    refusal = await wire.send(Request.get(url), "refused")
    if refusal.status != 405:  # noqa: PLR2004 -- the status itself
        raise Unsuited("the token endpoint does not answer 405 to GET")
    await wire.send(Request.post_form(url, ()), "allowed")


@probe(role=Role.SERVICE, needs={Capability.CLIENT_CREDENTIALS})
async def form_encodings(wire: Wire) -> None:
    """Ask for two scopes in several spellings, and for bytes that are no text.

    Steps: `percent_20`, `plus`, `percent_2b`, `equals_missing`, `bad_percent`, `lone_percent`,
    `not_utf_8`, `overlong`. With one scope only in the profile it is asked for twice.
    """
    provider = wire.provider
    scope = scope_of_its_own(provider.client)
    if scope is None:
        raise Unsuited(f"the profile names no scope that {provider.client.name} can ask for")
    one, *more = scope.split()
    other = more[0] if more else one
    spellings = {
        "percent_20": f"&scope={one}%20{other}",
        "plus": f"&scope={one}+{other}",
        "percent_2b": f"&scope={one}%2B{other}",
        "equals_missing": "&scope",
        "bad_percent": f"&scope={one}%20%zz",
        "lone_percent": f"&scope={one}%20%",
        "not_utf_8": f"&scope={one}%20%ff%fe",
        "overlong": f"&scope={one}%20%C0%AF",
    }
    await wire.run(client_credentials(provider, one), "control")
    await wire.send(client_credentials_request(provider), "omitted")
    for step, text in spellings.items():
        plain = client_credentials_request(provider)
        await wire.send(_added(text.encode("ascii"))(plain), step)
    await wire.run(client_credentials(provider, one), "control")


@probe(role=Role.WEB, needs={Capability.AUTHORIZATION_CODE}, logs_in=True)
async def orders_of_scope(wire: Wire) -> None:
    """Have two scopes granted in either order; steps `forward` and `backward`."""
    scopes = [value for value in wire.provider.client.scopes if value != "offline_access"][:2]
    if len(scopes) < 2:  # noqa: PLR2004 -- an order needs two
        raise Unsuited("the web client of the profile has fewer than two scopes")
    for step, ordered in (("forward", scopes), ("backward", scopes[::-1])):
        authorized = await wire.run(authorize(wire.provider, scope=" ".join(ordered)))
        await wire.send(redemption(wire.provider, authorized), step)
