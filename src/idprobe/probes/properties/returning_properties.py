"""Properties of what the client sends and wants back as it was: state and nonce."""

from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from idprobe.client.wire import Wire
from idprobe.flows import Authorized, authorization_parameters, fresh_pkce, redemption
from idprobe.flows.moves import Landed
from idprobe.model.profile import Capability, Provider, Role
from idprobe.probes.properties.properties import searched
from idprobe.probes.steps.authorization_request import approval, ordinary, plain_scope, tried
from idprobe.reading.properties.returned import flaw_nonce_refused_or_changed, flaw_state_changed

__all__ = ["error_states_returned", "nonces_returned_unchanged", "states_returned"]

CODE: Final = frozenset({Capability.AUTHORIZATION_CODE})
OPENID: Final = CODE | {Capability.OPENID}
VSCHAR: Final = "a" + "".join(map(chr, range(0x20, 0x7F)))
TRAPS: Final = (
    "  ", "%25", "%2B", "%20", "%0a", "&amp;", "&#65;", "&lt", "\\n", "\\u0041", "''", '""', "..",
    "//", "--", "${a}", "{{a}}", "%s", "<b>", "a=b", "a&b", "#a", "?a", ";a", "+",
)  # fmt: skip
"""What careless code decodes, escapes, trims or cuts."""
LONGEST: Final = 40


def texts(_provider: Provider) -> SearchStrategy[str]:
    """Return texts of printable ASCII (RFC 6749 appendix A.5), with spaces at no end."""
    parts = st.one_of(st.sampled_from(VSCHAR), st.sampled_from(TRAPS))
    joined = st.lists(parts, min_size=1, max_size=LONGEST).map("".join)
    return joined.map(lambda text: text if text == text.strip() else f"a{text}a")


async def session(wire: Wire) -> None:
    """Log in, and land with a code."""
    await wire.run(approval(wire.provider), "login")


@searched(texts, flaw_state_changed, role=Role.WEB, needs=CODE, logs_in=True, control=session)
async def states_returned(wire: Wire, state: str) -> None:
    """Ask for a code with any state."""
    await tried(wire, "landing", ordinary(wire.provider, state=state))


@searched(texts, flaw_state_changed, role=Role.WEB, needs=CODE, logs_in=True, control=session)
async def error_states_returned(wire: Wire, state: str) -> None:
    """Ask with a response type that nobody has, and with any state."""
    bent = (("response_type", "idprobe_none"),)
    await tried(wire, "landing", ordinary(wire.provider, state=state, extra=bent))


@searched(
    texts, flaw_nonce_refused_or_changed, role=Role.WEB, needs=OPENID, logs_in=True, control=session
)
async def nonces_returned_unchanged(wire: Wire, nonce: str) -> None:
    """Ask for an ID Token with any nonce."""
    pkce, scope = fresh_pkce(), plain_scope(wire.provider)
    parameters = authorization_parameters(wire.provider, scope=scope, nonce=nonce, pkce=pkce)
    ending = await tried(wire, "landing", parameters)
    if isinstance(ending, Landed) and ending.landing.get("code"):
        authorized = Authorized(ending.landing, parameters, pkce)
        await wire.send(redemption(wire.provider, authorized), "tokens")
