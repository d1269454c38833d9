"""Properties of scope: order, case, syntax, and no more of it by a refresh (RFC 6749 3.3, 6)."""

from collections.abc import Sequence
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import authorize, redeem, refresh_request, token_request
from idprobe.model.exchange import Pairs
from idprobe.model.profile import Capability, Provider, Role
from idprobe.probes.properties.properties import searched
from idprobe.probes.properties.spelling_properties import (
    CLIENT_CREDENTIALS,
    encoded,
    in_any_case,
    with_query,
)
from idprobe.probes.steps.token_requests import scope_of_its_own
from idprobe.reading.properties.encodings import (
    flaw_garbled_scope_granted,
    flaw_other_outcome,
    flaw_other_scope,
    flaw_unrequested_scope,
    flaw_wider_scope,
)

__all__ = [
    "scopes_garbled",
    "scopes_in_another_case",
    "scopes_in_the_query",
    "scopes_refreshed",
    "scopes_reordered",
]

GRANT: Final = ("grant_type", "client_credentials")
NEEDED: Final = frozenset({"openid", "offline_access"})
"""Without these a server may give no refresh token."""
REFRESHED: Final = frozenset({Capability.AUTHORIZATION_CODE, Capability.REFRESH_TOKEN})
NO_SCOPE: Final = st.characters(codec="utf-8", max_codepoint=0x1F) | st.sampled_from(
    ['"', "\\", "\x7f", "\u00a0", "\u00e9", "\u2028", "\ufeff", "\U0001f600"]
)
"""Characters that no scope may have (RFC 6749 section 3.3)."""


def own_scopes(provider: Provider) -> list[str]:
    """Return the scopes that a client may ask for itself; raises Unsuited without one."""
    scope = scope_of_its_own(provider.client)
    if scope is None:
        raise Unsuited(f"the profile names no scope that {provider.client.name} can ask for")
    return scope.split()


def two_orders(provider: Provider) -> SearchStrategy[tuple[str, str]]:
    """Return some scopes, known, unknown and repeated ones, in two orders."""
    words = st.sampled_from([*own_scopes(provider), "idprobe", "idprobe:x"])
    lists = st.lists(words, min_size=1, max_size=6)
    pairs = lists.flatmap(lambda chosen: st.tuples(st.just(chosen), st.permutations(chosen)))
    return pairs.map(lambda pair: (" ".join(pair[0]), " ".join(pair[1])))


@searched(two_orders, flaw_other_outcome, role=Role.SERVICE, needs=CLIENT_CREDENTIALS)
async def scopes_reordered(wire: Wire, scopes: tuple[str, str]) -> None:
    """Ask for the same scopes in two orders; steps `one`, `other`."""
    for step, scope in zip(("one", "other"), scopes, strict=True):
        await wire.send(token_request(wire.provider, (GRANT, ("scope", scope))), step)


def other_cases(provider: Provider) -> SearchStrategy[str]:
    """Return the client's scopes with at least one letter in another case."""
    known = frozenset(own_scopes(provider))
    words = [in_any_case(word).filter(lambda text: text not in known) for word in sorted(known)]
    return st.one_of(words)


@searched(other_cases, flaw_unrequested_scope, role=Role.SERVICE, needs=CLIENT_CREDENTIALS)
async def scopes_in_another_case(wire: Wire, scope: str) -> None:
    """Ask for no scope, `one`, and for a known one with other letters in capitals, `other`."""
    await wire.send(token_request(wire.provider, (GRANT,)), "one")
    await wire.send(token_request(wire.provider, (GRANT, ("scope", scope))), "other")


def garbled_scopes(provider: Provider) -> SearchStrategy[str]:
    """Return a known scope, and one with a character in it that no scope may have."""
    known, *others = own_scopes(provider)
    word = others[0] if others else known
    placed = st.tuples(NO_SCOPE, st.integers(0, len(word)))
    return placed.map(lambda one: f"{known} {word[: one[1]]}{one[0]}{word[one[1] :]}")


@searched(garbled_scopes, flaw_garbled_scope_granted, role=Role.SERVICE, needs=CLIENT_CREDENTIALS)
async def scopes_garbled(wire: Wire, scope: str) -> None:
    """Ask for a known scope, and for one with a strange character before, in or after it."""
    await wire.send(token_request(wire.provider, (GRANT, ("scope", scope))), "garbled")


def queries(provider: Provider) -> SearchStrategy[Pairs]:
    """Return parameters of a query that would widen the scope or spoil the grant."""
    whole = " ".join(own_scopes(provider))
    pairs = st.tuples(
        st.sampled_from(["scope", "scope[]", "grant_type"]),
        st.sampled_from([whole, *own_scopes(provider)]),
    )
    return st.lists(pairs, min_size=1, max_size=4).map(tuple)


@searched(queries, flaw_other_scope, role=Role.SERVICE, needs=CLIENT_CREDENTIALS)
async def scopes_in_the_query(wire: Wire, query: Pairs) -> None:
    """Ask for one scope in the body, `one`, and then for more in the query, `other`."""
    form = (GRANT, ("scope", own_scopes(wire.provider)[-1]))
    await wire.send(token_request(wire.provider, form), "one")
    request = token_request(wire.provider, form)
    await wire.send(with_query(request, encoded(query)), "other")


def narrowed(provider: Provider) -> SearchStrategy[tuple[str, str]]:
    """Return a scope to ask a user for, and what to refresh with: less, as much, more, unknown."""
    scopes = provider.client.scopes
    needed = [word for word in scopes if word in NEEDED]
    others = [word for word in scopes if word not in NEEDED]
    login = st.lists(st.sampled_from(others), unique=True) if others else st.just([])
    return login.flatmap(lambda chosen: _refreshing([*needed, *chosen], scopes))


def _refreshing(granted: list[str], scopes: Sequence[str]) -> SearchStrategy[tuple[str, str]]:
    """Return the scope that is granted, and some of it with one value more or none."""
    some = st.lists(st.sampled_from(granted), max_size=3) if granted else st.just([])
    more = st.sampled_from([[], ["idprobe.more"], ["idprobe"], *([word] for word in scopes)])
    asked = st.tuples(some, more).map(lambda both: " ".join([*both[0], *both[1]]))
    return st.tuples(st.just(" ".join(granted)), asked)


@searched(narrowed, flaw_wider_scope, role=Role.WEB, needs=REFRESHED, logs_in=True)
async def scopes_refreshed(wire: Wire, scopes: tuple[str, str]) -> None:
    """Let a user grant some scopes, and refresh with those, with fewer or with others."""
    provider, (granted, asked) = wire.provider, scopes
    authorized = await wire.run(authorize(provider, scope=granted), "login")
    token = (await wire.run(redeem(provider, authorized), "tokens")).refresh_token
    if token is None:
        raise Unsuited(f"the server gives the client {provider.client.name} no refresh token")
    await wire.send(refresh_request(provider, token, asked or None), "refreshed")
