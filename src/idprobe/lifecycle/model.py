"""What must, may and must not be active after each act on codes and tokens; pure.

The state is what is certain. A token that something may have ended, though no specification says
that it has to, is `maybe`: nothing is expected of it any more. A claim is broken where an answer
contradicts what is certain; it is tried where an answer could have done so.
"""

from dataclasses import replace
from typing import Final

from idprobe.lifecycle.claims import Claim
from idprobe.lifecycle.events import Act, Event, Outcome
from idprobe.lifecycle.state import (
    Code,
    State,
    Step,
    Thing,
    Token,
    all_grants,
    doubted_in,
    ended_access,
    ended_grant,
    ended_refresh,
    grant_of,
    is_over,
    known,
    with_token,
)

__all__ = ["after"]

PUBLIC: Final = "public"
REPLAY_WITHIN_S: Final = 2.0
"""A server may forget a code that has expired, and who was given tokens for it."""
BEFORE_EXPIRY_S: Final = 2.0
ROTATED: Final = frozenset({Claim.ROTATED_ENDS})


def after(state: State, event: Event) -> Step:
    """Return what an event leads to."""
    if event.outcome is Outcome.NEITHER:
        is_read = event.act in {Act.USERINFO, Act.INTROSPECT}
        return Step(state if is_read else doubted_in(state, grant_of(state, event.what)))
    match event.act:
        case Act.AUTHORIZE:
            return _authorized(state, event)
        case Act.LOG_OUT:
            return Step(doubted_in(state, all_grants(state)))
        case Act.REDEEM | Act.REDEEM_UNPROVEN | Act.REDEEM_MISPROVEN:
            code = state.code(event.what)
            return Step(state) if code is None else _redeemed(state, event, code)
        case Act.REFRESH | Act.REVOKE | Act.INTROSPECT | Act.USERINFO:
            token = state.token(event.what)
            return Step(state) if token is None else _used(state, event, token)


def _used(state: State, event: Event, token: Token) -> Step:
    if event.act is Act.REVOKE:
        return _revoked(state, event, token)
    if event.act is Act.REFRESH:
        return _refreshed(state, event, token) if token.is_refresh else Step(state)
    if event.act is Act.INTROSPECT:
        is_own = event.role == token.role
        return _introspected(state, event, token) if is_own else Step(state)
    return Step(state) if token.is_refresh else _asked(state, event, token)


def _authorized(state: State, event: Event) -> Step:
    """A new grant; what the server does with older ones of the same person is its own affair."""
    if event.outcome is not Outcome.GIVEN:
        return Step(state)
    grant = 1 + max((one.grant for one in state.things.values()), default=0)
    code = Code(grant, event.role, event.asked, event.is_bound, event.ended_s)
    doubted = doubted_in(state, all_grants(state))
    return Step(State({**doubted.things, event.what: code}))


# codes


def _redeemed(state: State, event: Event, code: Code) -> Step:
    tried = _claims_of_redemption(event, code)
    if event.outcome is Outcome.GIVEN:
        told = event.told if event.told is not None else code.scope
        issued = _issued(event, code.grant, code.role, granted=told, told=told)
        things = {**state.things, event.what: replace(code, is_used=True), **issued}
        return Step(State(things), broken=tried, tried=tried)
    is_late = event.begun_s - code.issued_s > REPLAY_WITHIN_S
    if Claim.CODE_ONCE not in tried or event.error != "invalid_grant" or is_late:
        return Step(doubted_in(state, {code.grant}), tried=tried)
    return Step(ended_grant(state, code.grant, Claim.REPLAY_ENDS), tried=tried)


def _claims_of_redemption(event: Event, code: Code) -> frozenset[Claim]:
    """Return what a redemption would break if it brought tokens."""
    if event.role != code.role:
        return frozenset({Claim.CODE_OF_CLIENT})
    if code.is_bound and event.act is not Act.REDEEM:
        return frozenset({Claim.CODE_PROVEN})
    # A verifier nobody asked for may be refused: that is no replay.
    is_replay = code.is_used and event.act is Act.REDEEM
    return frozenset({Claim.CODE_ONCE}) if is_replay else frozenset()


def _issued(
    event: Event,
    grant: int,
    role: str,
    *,
    granted: frozenset[str] | None,
    told: frozenset[str] | None,
) -> dict[str, Thing]:
    """Return the tokens of a response; a refresh token has all of the grant's scope."""
    issued: dict[str, Thing] = {}
    lifetime_s = event.lifetime_s
    if event.access_token:
        issued[event.access_token] = Token(
            grant,
            role,
            is_refresh=False,
            granted=granted,
            told=told,
            ends_s=None if lifetime_s is None else event.begun_s + lifetime_s,
            over_s=None if lifetime_s is None else event.ended_s + lifetime_s,
        )
    if event.refresh_token:
        issued[event.refresh_token] = Token(
            grant, role, is_refresh=True, granted=granted, told=granted
        )
    return issued


# refresh tokens


def _refreshed(state: State, event: Event, token: Token) -> Step:
    if event.role != token.role:
        tried = frozenset({Claim.REFRESH_OF_CLIENT})
        if event.outcome is Outcome.GIVEN:
            return Step(_after_trade(state, event, token), broken=tried, tried=tried)
        return Step(doubted_in(state, {token.grant}), tried=tried)
    if event.outcome is Outcome.GIVEN:
        broken, tried = _scope_claims(event, token)
        state_after = _after_trade(state, event, token)
        works = _liveness(token) if _is_certain(token) else frozenset()
        return Step(state_after, broken=token.dead | broken, tried=tried | token.dead | works)
    return _refresh_refused(state, event, token)


def _scope_claims(event: Event, token: Token) -> tuple[frozenset[Claim], frozenset[Claim]]:
    """Return which claims on scope a refresh breaks, and which it tried (RFC 6749 section 6)."""
    granted, given = token.granted, event.told
    if granted is None:
        return frozenset(), frozenset()
    if given is None:
        given = event.asked if event.asked is not None else granted
    broken, tried = set(), {Claim.SCOPE_BOUNDED}
    if not given <= granted:
        broken.add(Claim.SCOPE_BOUNDED)
    if event.asked is None:
        tried.add(Claim.SCOPE_KEPT)
        if given < granted:
            broken.add(Claim.SCOPE_KEPT)
    return frozenset(broken), frozenset(tried)


def _after_trade(state: State, event: Event, token: Token) -> State:
    """Return the state after a refresh that brought tokens."""
    told = event.told
    if told is None:
        told = event.asked if event.asked is not None else token.granted
    issued = _issued(event, token.grant, token.role, granted=token.granted, told=told)
    known_before = {value for value in issued if value in state.things}
    things = {**state.things, **{v: one for v, one in issued.items() if v not in known_before}}
    if event.refresh_token and event.refresh_token != event.what:
        dead = token.dead
        if token.role == PUBLIC and not event.leeway_s:
            dead = dead | {Claim.ROTATED_ENDS}
        things[event.what] = replace(token, is_spent=True, dead=dead)
    else:
        things[event.what] = replace(token, was_served=True)
    return State(things)


def _refresh_refused(state: State, event: Event, token: Token) -> Step:
    if event.error != "invalid_grant":
        # A server may end the token that comes with a scope which it refuses.
        tried = {Claim.SCOPE_BOUNDED} if event.error == "invalid_scope" else set()
        maybe = replace(token, maybe=token.maybe or not token.is_spent)
        return Step(with_token(state, event.what, maybe), tried=frozenset(tried))
    if not event.leeway_s and token.is_spent and not token.maybe and token.dead == ROTATED:
        ended = ended_refresh(state, token.grant, Claim.REUSE_ENDS)
        return Step(doubted_in(ended, {token.grant}), tried=token.dead)
    is_plain = event.asked is None or (token.granted is not None and event.asked <= token.granted)
    doubted = doubted_in(state, {token.grant})
    if not _is_certain(token) or not is_plain:
        return Step(doubted, tried=token.dead)
    works = _liveness(token, has_worked=_has_traded(state, token))
    return Step(doubted, broken=works, tried=works)


# revocation


def _revoked(state: State, event: Event, token: Token) -> Step:
    if event.role != token.role:
        return Step(with_token(state, event.what, replace(token, tried_by_others=True)))
    if event.outcome is not Outcome.GIVEN:
        return Step(doubted_in(state, {token.grant}))
    claim = Claim.REVOKED_REFRESH if token.is_refresh else Claim.REVOKED_ACCESS
    ended = state
    if token.is_refresh and _is_certain(token):
        ended = ended_access(ended, token.grant, Claim.CASCADE)
    ended = doubted_in(ended, all_grants(ended))
    dead = replace(token, dead=token.dead | {claim}, maybe=True)
    return Step(with_token(ended, event.what, dead))


# uses


def _introspected(state: State, event: Event, token: Token) -> Step:
    if event.outcome is Outcome.GIVEN:
        broken, tried = _active_claims(event, token)
        seen = replace(token, was_active=True, is_inactive=False)
        return Step(with_token(state, event.what, seen), broken=broken, tried=tried)
    broken = _inactive_claims(event, token)
    maybe = token.maybe or not token.is_spent
    seen = replace(token, is_inactive=token.was_active, maybe=maybe)
    tried = broken | _certain(token)
    if token.was_active and is_over(token, event.begun_s):
        tried |= {Claim.EXPIRED_ACTIVE}
    return Step(with_token(state, event.what, seen), broken=broken, tried=tried)


def _active_claims(event: Event, token: Token) -> tuple[frozenset[Claim], frozenset[Claim]]:
    """Return what is broken if a token is called active, and what was tried."""
    broken, tried = set(), set()
    certain = {Claim.REVOKED_ACCESS, Claim.REVOKED_REFRESH} & token.dead
    if certain or (token.is_turned_away and not _expires(event, token)):
        broken.add(Claim.INTROSPECTED)
    if not token.is_refresh:
        broken |= token.dead & {Claim.CASCADE, Claim.REPLAY_ENDS}
    if is_over(token, event.begun_s):
        broken.add(Claim.EXPIRED_ACTIVE)
    if event.told is not None and not token.is_refresh and token.told is not None:
        tried.add(Claim.SCOPE_TOLD)
        if not event.told <= token.told:
            broken.add(Claim.SCOPE_TOLD)
    return frozenset(broken), frozenset(tried | broken)


def _inactive_claims(event: Event, token: Token) -> frozenset[Claim]:
    """Return what is broken if a token that this client may ask about is called inactive."""
    if not token.was_active or not _is_certain(token) or _expires(event, token):
        return frozenset()
    return _liveness(token)


def _certain(token: Token) -> frozenset[Claim]:
    """Return the claims that were tried when a token was found dead."""
    revoked = {Claim.REVOKED_ACCESS, Claim.REVOKED_REFRESH} & token.dead
    is_known = bool(revoked) or token.is_turned_away
    others = token.dead & {Claim.CASCADE, Claim.REPLAY_ENDS}
    return frozenset({Claim.INTROSPECTED} if is_known else set()) | others


def _asked(state: State, event: Event, token: Token) -> Step:
    """Return what follows from a use of an access token at userinfo."""
    if event.outcome is Outcome.GIVEN:
        broken = token.dead
        if token.is_inactive:
            broken = broken | {Claim.SERVED_DEAD}
        if is_over(token, event.begun_s):
            broken = broken | {Claim.EXPIRED_SERVED}
        works = _liveness(token) if _is_certain(token) else frozenset()
        seen = replace(token, was_served=True, is_turned_away=False)
        return Step(with_token(state, event.what, seen), broken=broken, tried=broken | works)
    tried = token.dead | ({Claim.SERVED_DEAD} if token.is_inactive else frozenset())
    if token.was_served and is_over(token, event.begun_s):
        tried |= {Claim.EXPIRED_SERVED}
    seen = replace(token, is_turned_away=token.was_served, maybe=True)
    after_it = with_token(state, event.what, seen)
    if not _is_certain(token) or not token.was_served or _expires(event, token):
        return Step(after_it, tried=tried)
    works = _liveness(token)
    return Step(after_it, broken=works, tried=works)


def _is_certain(token: Token) -> bool:
    """Return whether nothing has happened that may have ended a token."""
    return not (token.maybe or token.dead or token.is_spent)


def _liveness(token: Token, *, has_worked: bool = True) -> frozenset[Claim]:
    """Return the claim that is broken where a token that nothing has ended is dead.

    Another client's attempt to revoke it is the cause only where such tokens have worked before.
    """
    if token.tried_by_others and has_worked:
        return frozenset({Claim.FOREIGN})
    return frozenset({Claim.REFRESH_WORKS if token.is_refresh else Claim.ACCESS_WORKS})


def _has_traded(state: State, token: Token) -> bool:
    """Return whether a refresh token of the same role has brought tokens."""
    return any(
        one.is_refresh and one.role == token.role and (one.is_spent or one.was_served)
        for _, one in known(state)[1]
    )


def _expires(event: Event, token: Token) -> bool:
    """Return whether a token may have expired; one whose lifetime was not told always may."""
    return token.ends_s is None or event.ended_s > token.ends_s - BEFORE_EXPIRY_S
