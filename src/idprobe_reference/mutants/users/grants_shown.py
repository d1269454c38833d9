"""Mutants of what users are told and grant (OpenID Connect Core 5.4, 14 and 16.18)."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from dataclasses import replace

from starlette.responses import Response

from idprobe_reference.endpoints.authorization import Transaction
from idprobe_reference.faults import AuthorizationFault
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.server import ReferenceServer
from idprobe_reference.stores import Session
from idprobe_reference.tokens.issuing import SCOPE_CLAIMS


@mutant(breaks="OIDCC-16.18/long-term-grants-shown")
class LastingAccessIsHidden(ReferenceServer):
    """Nobody is told that access lasts."""

    def consent_page(self, transaction: Transaction, session: Session) -> Response:
        shown = tuple(one for one in transaction.wish.scope if one != "offline_access")
        wish = replace(transaction.wish, scope=shown)
        return super().consent_page(replace(transaction, wish=wish), session)


@mutant(breaks="OIDCC-5.4/scope-claims-are-voluntary")
class MissingClaimsAreFaults(ReferenceServer):
    """Who lacks a claim of a scope cannot grant it."""

    def consent_is_needed(self, transaction: Transaction, session: Session) -> bool:
        known = session.user.claims if session.user is not None else {}
        scope = transaction.wish.scope
        wanted = [name for value in scope for name in SCOPE_CLAIMS.get(value, ())]
        if not all(known.get(name) not in (None, "") for name in wanted):
            raise AuthorizationFault("access_denied", "a claim is missing")
        return super().consent_is_needed(transaction, session)
