"""Mutants of logins that have to be renewed, of forged hints, and of offline access."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

import json
from dataclasses import replace

from joserfc import jws
from starlette.responses import Response

from idprobe_reference.endpoints.authorization import Transaction
from idprobe_reference.faults import AuthorizationFault
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.authorization_request import Wish
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig, UserConfig
from idprobe_reference.stores import Grant, Session

LONGEST_AGE = 20


@mutant(
    breaks=["OIDCC-3.1.2.3/prompt-login-reauthenticates", "OIDCC-3.1.2.1/max-age-reauthenticates"]
)
class LoginKeepsItsFirstTime(ReferenceServer):
    """Who logs in again keeps the time of the first login."""

    def session_after_login(self, before: Session, user: UserConfig) -> Session:
        session = super().session_after_login(before, user)
        return replace(session, auth_time=before.auth_time or session.auth_time)


@mutant(
    breaks=[
        "OIDCC-3.1.2.1/prompt-none-success-when-logged-in",
        "OIDCC-3.1.2.1/id-token-hint-same-user-succeeds",
    ]
)
class SilentLoginsAreNew(ReferenceServer):
    """What prompt=none brings tells of a login that never was."""

    def grant_of(self, wish: Wish, session: Session) -> Grant:
        grant = super().grant_of(wish, session)
        return replace(grant, auth_time=self.now()) if "none" in wish.prompts else grant


@mutant(
    breaks=[
        "OIDCC-3.1.2.1/max-age-reauthenticates",
        "OIDCC-3.1.2.1/max-age-zero-is-prompt-login",
        "OIDCC-15.1/max-age-enforced",
    ],
)
class MaxAgeIsIgnored(ReferenceServer):
    """No login is ever too old."""

    def login_is_too_old(self, wish: Wish, session: Session) -> bool:
        del wish, session
        return False


@mutant(
    breaks=[
        "OIDCC-3.1.2.1/prompt-login-impossible-is-error",
        "OIDCC-3.1.2.1/prompt-select-account-impossible-is-error",
    ]
)
class CancelledLoginIsAnotherError(ReferenceServer):
    """Who cancels a login is reported as a broken server."""

    def deny(self, wish: Wish, fault: AuthorizationFault) -> Response:
        cancelled = fault.description == "login cancelled"
        return super().deny(wish, AuthorizationFault("server_error", "oh") if cancelled else fault)


@mutant(breaks="OIDCC-3.1.2.2/id-token-hint-issuer-validated")
class ForgedHintsAreBelieved(ReferenceServer):
    """id_token_hint is read without a look at its signature or issuer."""

    def claims_of_hint(self, hint: str) -> dict[str, object] | None:
        return dict(json.loads(jws.extract_compact(hint.encode()).payload))


@mutant(
    breaks=[
        "OIDCC-11/offline-access-needs-consent-prompt",
        "OIDCC-11/offline-access-consent-for-web",
        "OIDCC-11/offline-access-consent-for-native",
        "OIDCC-11/refresh-token-always-by-consent",
    ]
)
class OfflineAccessForAll(ReferenceServer):
    """Offline access is given to whoever asks, and nobody else is asked."""

    def offline_access_is_permitted(self, types: frozenset[str], prompts: frozenset[str]) -> bool:
        del types, prompts
        return True

    def consent_is_needed(self, transaction: Transaction, session: Session) -> bool:
        del transaction, session
        return False


@mutant(breaks="OIDCC-11/offline-access-ignored-without-code", profile="speakup")
class OfflineAccessNeedsCode(ReferenceServer):
    """offline_access is an error where no code is asked for."""

    def offline_access_is_permitted(self, types: frozenset[str], prompts: frozenset[str]) -> bool:
        if "code" not in types and "consent" in prompts:
            raise AuthorizationFault("invalid_scope", "offline_access needs a code")
        return super().offline_access_is_permitted(types, prompts)


@mutant(breaks="OIDCC-3.1.2.2/any-error-gets-error-response")
class OddAgesBreakTheServer(ReferenceServer):
    """A max_age beyond all bounds is a server_error."""

    def max_age_of(self, client: ClientConfig, form: Form) -> int | None:
        if len(form.get("max_age", "")) > LONGEST_AGE:
            raise AuthorizationFault("server_error", "something broke")
        return super().max_age_of(client, form)
