"""The authorization request of the code flow: what has to work, what has to be refused, and how."""

from typing import Final

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import fresh_pkce, visit, without
from idprobe.model.exchange import Pairs
from idprobe.model.profile import Capability, Provider, Role
from idprobe.probes import probe
from idprobe.probes.steps.authorization_request import (
    PRINTABLE,
    approval,
    is_openid,
    ordinary,
    plain_scope,
    tried,
    tried_for_tokens,
)

__all__ = [
    "authorization_by_post",
    "authorization_denied",
    "authorization_errors",
    "authorization_states",
    "authorization_tolerance",
    "client_unknown",
    "response_modes",
    "response_types_not_registered",
    "scopes_separated_oddly",
    "strange_scopes",
]

CODE: Final = frozenset({Capability.AUTHORIZATION_CODE})
REGISTERED_TYPES: Final = (
    "token",
    "id_token token",
    "code token",
    "code id_token token",
    "none",
    "id_token",
    "code id_token",
)
PKCE_PARAMETERS: Final = ("code_challenge", "code_challenge_method")
MARKUP: Final = "'\"<b>&amp;</b>\\ end"
"""A state that has to be escaped in HTML and in a query."""
RESERVED: Final = "a b&c=d+e%f#g"
"""A state of signs that mean something in a query."""
SEPARATORS: Final = {"comma": ",", "tab": "\t", "line-break": "\n", "nul": "\0", "quote": '"'}
ATTACKER: Final = "https://attacker.idprobe.example/cb"


@probe(role=Role.WEB, needs=CODE, logs_in=True)
async def authorization_by_post(wire: Wire) -> None:
    """Send the authorization request by GET, then by POST; steps `get`, `post`."""
    await wire.run(approval(wire.provider), "get")
    parameters = ordinary(wire.provider)
    await wire.run(visit(wire.provider, parameters, method="POST"), "post")
    await wire.run(approval(wire.provider), "control")


@probe(role=Role.WEB, needs=CODE, logs_in=True)
async def authorization_tolerance(wire: Wire) -> None:
    """Send unknown, empty and optional parameters; a step for each, between two ordinary ones."""
    await wire.run(approval(wire.provider), "authorize")
    parameters = ordinary(wire.provider)
    await tried(wire, "unknown-parameter", (*parameters, ("xyz_unknown", "1"), ("extra", "foobar")))
    await tried(wire, "without-state", ordinary(wire.provider, state=None))
    await tried(wire, "empty-state", ordinary(wire.provider, state=""))
    await tried(wire, "without-nonce", ordinary(wire.provider, omit=("nonce",)))
    await tried(wire, "without-scope", ordinary(wire.provider, omit=("scope", "nonce")))
    empty = (("scope", ""),)
    await tried(wire, "empty-scope", ordinary(wire.provider, extra=empty, omit=("nonce",)))
    await tried(wire, "without-pkce", without(ordinary(wire.provider), *PKCE_PARAMETERS))
    await wire.run(approval(wire.provider), "control")


@probe(role=Role.WEB, needs=CODE, logs_in=True)
async def authorization_states(wire: Wire) -> None:
    """Send states of many kinds: steps `printable`, `single`, `long`, `reserved`."""
    await wire.run(approval(wire.provider), "authorize")
    states = {"printable": PRINTABLE, "single": "~", "long": "s" * 512, "reserved": RESERVED}
    for step, state in states.items():
        await tried(wire, step, ordinary(wire.provider, state=state))
    await wire.run(approval(wire.provider), "control")


@probe(role=Role.WEB, needs=CODE, logs_in=True)
async def authorization_errors(wire: Wire) -> None:
    """Send requests with one fault each, a step for each fault, between two that work."""
    await wire.run(approval(wire.provider), "authorize")
    for step, parameters in faulty_requests(wire.provider).items():
        await tried(wire, step, parameters)
    await wire.run(approval(wire.provider), "control")


def faulty_requests(provider: Provider) -> dict[str, Pairs]:
    """Return requests whose client and redirect_uri are good, named for what is wrong."""

    def bent(**changes: str) -> Pairs:
        return ordinary(provider, state=PRINTABLE, extra=tuple(changes.items()))

    usual = ordinary(provider, state="twice-the-same")
    return {
        "missing-response-type": ordinary(provider, state=PRINTABLE, omit=("response_type",)),
        "empty-response-type": bent(response_type=""),
        "unknown-response-type": bent(response_type="bogus"),
        "unoffered-response-type": bent(response_type=_not_offered(provider)),
        "none-and-code": bent(response_type="none code"),
        "malformed-scope": without(bent(scope='"bad'), "nonce"),
        "repeated-scope": (*usual, *(pair for pair in usual if pair[0] == "scope")),
        "repeated-scope-differently": (*usual, ("scope", "idprobe-other")),
        "repeated-state": (*usual, ("state", "another")),
        **_repeated(provider),
        "without-state": ordinary(provider, state=None, extra=(("response_type", "bogus"),)),
        "short-challenge": bent(code_challenge="tenletters"),
    }


def _repeated(provider: Provider) -> dict[str, Pairs]:
    """Return requests that have one parameter twice, by its name."""
    openid = (("nonce", "another"), ("prompt", "login")) if is_openid(provider) else ()
    again = (
        ("response_type", "code"),
        ("response_mode", "fragment"),
        ("code_challenge", fresh_pkce().challenge),
        *openid,
    )
    first = (("response_mode", "query"), *((("prompt", "consent"),) if openid else ()))
    usual = ordinary(provider, extra=first)
    return {f"repeated-{name}": (*usual, (name, value)) for name, value in again}


def _not_offered(provider: Provider) -> str:
    """Return a registered response type that the server does not list, or else a made-up one."""
    listed = provider.metadata.get("response_types_supported")
    if not isinstance(listed, list):
        return "idprobe_unknown"
    offered = [set(one.split()) for one in listed if isinstance(one, str)]
    free = (one for one in REGISTERED_TYPES if set(one.split()) not in offered)
    return next(free, "idprobe_unknown")


@probe(role=Role.WEB, needs=CODE, logs_in=True)
async def strange_scopes(wire: Wire) -> None:
    """Ask for a known scope beside strange ones; what the server says of them may echo them."""
    await wire.run(approval(wire.provider), "authorize")
    first = wire.provider.client.scope.partition(" ")[0]
    known = "openid" if is_openid(wire.provider) else first
    strange = {
        "unknown": "no_such_scope_xyz",
        "quote": 'a"b',
        "backslash": "a\\b",
        "line-break": "a\r\nX-Idprobe: 1",
        "not-ascii": "zoë",
    }
    for step, value in strange.items():
        scope = f"{known} {value}".strip()
        await tried(wire, step, ordinary(wire.provider, extra=(("scope", scope),)))
    await wire.run(approval(wire.provider), "control")


@probe(role=Role.WEB, needs=CODE, logs_in=True)
async def response_types_not_registered(wire: Wire) -> None:
    """Ask for each response type that the client has not, and for `CODE` and `code code`."""
    await wire.run(approval(wire.provider), "authorize")
    own = [set(one.split()) for one in wire.provider.client.response_types]
    others = [one for one in REGISTERED_TYPES if set(one.split()) not in own and one != "none"]
    for kind in (*others, "CODE", "code code"):
        pairs = ordinary(wire.provider, response_type=kind.lower(), state=PRINTABLE)
        await tried(wire, kind, (*without(pairs, "response_type"), ("response_type", kind)))
    await wire.run(approval(wire.provider), "control")


@probe(role=Role.WEB, needs=CODE, logs_in=True)
async def scopes_separated_oddly(wire: Wire) -> None:
    """Ask for two scopes with an odd sign between them: a step and `tokens-STEP` for each sign.

    `alone` asks for the first of them.
    """
    scopes = plain_scope(wire.provider).split()
    if len(scopes) <= 1:
        raise Unsuited("the client has one scope only")
    await wire.run(approval(wire.provider), "authorize")
    await tried_for_tokens(wire, "alone", scope=scopes[0])
    for step, sign in SEPARATORS.items():
        await tried_for_tokens(wire, step, scope=f"{scopes[0]}{sign}{scopes[-1]}")
    await wire.run(approval(wire.provider), "control")


@probe(role=Role.WEB, needs=CODE, logs_in=True)
async def client_unknown(wire: Wire) -> None:
    """Leave the client out, make it up, repeat it: a step each, in a browser that is logged in."""
    await wire.run(approval(wire.provider), "authorize")
    parameters = ordinary(wire.provider)
    made_up = ("client_id", "idprobe-no-such-client")
    elsewhere = ("redirect_uri", ATTACKER)
    await tried(wire, "missing-client", without(parameters, "client_id"))
    await tried(wire, "unknown-client", ordinary(wire.provider, extra=(made_up,)))
    await tried(wire, "unknown-everything", ordinary(wire.provider, extra=(made_up, elsewhere)))
    await tried(wire, "repeated-client", (*parameters, made_up))
    await tried(wire, "repeated-redirect-uri", (*parameters, elsewhere))
    await wire.run(approval(wire.provider), "control")


@probe(role=Role.WEB, needs=CODE, logs_in=True)
async def authorization_denied(wire: Wire) -> None:
    """Refuse consent, where it is asked for: step `denied`; then agree: `control`."""
    asks = (("prompt", "consent"),) if is_openid(wire.provider) else ()
    parameters = ordinary(wire.provider, state=PRINTABLE, extra=asks)
    await tried(wire, "denied", parameters, deny=True)
    wire.fresh_browser()
    await wire.run(approval(wire.provider), "control")


@probe(role=Role.WEB, needs=CODE, logs_in=True)
async def response_modes(wire: Wire) -> None:
    """Ask for a code by each response mode: steps `query`, `fragment`, `form_post`, `unknown`."""
    await wire.run(approval(wire.provider), "authorize")
    for step, mode in {
        "query": "query",
        "fragment": "fragment",
        "form_post": "form_post",
        "unknown": "xyz-unknown",
    }.items():
        parameters = ordinary(wire.provider, state=MARKUP, extra=(("response_mode", mode),))
        await tried(wire, step, parameters)
    bad = ordinary(
        wire.provider,
        state=MARKUP,
        extra=(("response_mode", "form_post"), ("response_type", "bogus")),
    )
    await tried(wire, "form_post-error", bad)
    await wire.run(approval(wire.provider), "control")
