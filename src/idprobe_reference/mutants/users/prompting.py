"""Mutants of prompt, of hints, and of the wishes that OpenID Connect lets a client have."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from dataclasses import replace

from idprobe_reference.endpoints.authorization import Step, Transaction
from idprobe_reference.faults import AuthorizationFault
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import Session

WISHES = (
    "display",
    "ui_locales",
    "claims_locales",
    "acr_values",
    "login_hint",
    "registration",
)


@mutant(
    breaks=[
        "OIDCC-3.1.2.1/display-unknown-value",
        "OIDCC-3.1.2.1/ui-locales-never-an-error",
        "OIDCC-3.1.2.1/login-hint-tolerated",
        "OIDCC-3.1.2.1/acr-values-voluntary",
        "OIDCC-3.1.2.6/registration-not-supported-code",
        "OIDCC-5.2/claims-locales-never-an-error",
        "OIDCC-15.1/display-causes-no-error",
        "OIDCC-15.1/ui-locales-cause-no-error",
        "OIDCC-15.1/claims-locales-cause-no-error",
        "OIDCC-15.1/acr-values-cause-no-error",
    ]
)
class WishesAreErrors(ReferenceServer):
    """Optional parameters of OpenID Connect are refused."""

    def details_of(
        self, client: ClientConfig, form: Form, types: frozenset[str]
    ) -> dict[str, object]:
        if any(name in form for name in WISHES):
            raise AuthorizationFault("parameter_not_supported", "that is not supported")
        return super().details_of(client, form, types)


@mutant(
    breaks=[
        "OIDCC-3.1.2.1/prompt-login-reprompts",
        "OIDCC-3.1.2.1/prompt-select-account-offers-choice",
        "OIDCC-15.1/prompt-supported",
    ],
    also={"OIDCC-3.1.2.3/prompt-login-reauthenticates": "nobody is asked to log in again"},
)
class PromptLoginIsIgnored(ReferenceServer):
    """Nobody who is logged in is asked to log in again by prompt."""

    def login_is_needed(self, transaction: Transaction, session: Session | None) -> bool:
        wish = transaction.wish
        loud = replace(wish, prompts=wish.prompts - {"login", "select_account"})
        return super().login_is_needed(replace(transaction, wish=loud), session)


@mutant(
    breaks=[
        "OIDCC-3.1.2.1/prompt-none-success-when-logged-in",
        "OIDCC-3.1.2.1/prompt-none-without-hint-succeeds",
    ],
    also={"OIDCC-3.1.2.1/id-token-hint-same-user-succeeds": "prompt=none never succeeds"},
)
class PromptNoneNeverSucceeds(ReferenceServer):
    """prompt=none is always answered with login_required."""

    def next_step(self, transaction: Transaction, session: Session | None) -> Step:
        if "none" in transaction.wish.prompts and transaction.wish.fault is None:
            raise AuthorizationFault("login_required", "log in again")
        return super().next_step(transaction, session)


@mutant(breaks="OIDCC-3.1.2.1/prompt-unknown-value")
class UnknownPromptsBreakTheServer(ReferenceServer):
    """A prompt that nobody knows is a server_error."""

    def check_prompt(self, prompts: frozenset[str]) -> None:
        if prompts - {"none", "login", "consent", "select_account", "create"}:
            raise AuthorizationFault("server_error", "something broke")
        super().check_prompt(prompts)


@mutant(
    breaks=[
        "OIDCC-3.1.2.1/id-token-hint-other-user-is-error",
        "OIDCC-3.1.2.2/no-token-for-another-user",
    ]
)
class HintIsIgnored(ReferenceServer):
    """Nobody looks at id_token_hint."""

    def hinted_sub(self, form: Form) -> str | None:
        del form
        return None


@mutant(
    breaks=[
        "OIDCC-3.1.2.1/id-token-hint-same-user-succeeds",
        "OIDCC-3.1.2.1/id-token-hint-audience-not-the-op",
    ]
)
class HintIsAnError(ReferenceServer):
    """Every id_token_hint is refused, as the server is not its audience."""

    def hinted_sub(self, form: Form) -> str | None:
        if "id_token_hint" in form:
            raise AuthorizationFault("invalid_request", "id_token_hint is for others")
        return super().hinted_sub(form)


@mutant(breaks="OIDCC-3.1.2.6/consent-required-code")
class MissingConsentIsDenial(ReferenceServer):
    """prompt=none without consent is answered with access_denied."""

    def next_step(self, transaction: Transaction, session: Session | None) -> Step:
        try:
            return super().next_step(transaction, session)
        except AuthorizationFault as fault:
            denied = fault.code == "consent_required"
            raise AuthorizationFault("access_denied", "no") if denied else fault from fault
