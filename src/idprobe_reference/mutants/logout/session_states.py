"""Mutants of Session Management and of prompt=create."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from dataclasses import replace
from typing import Any, Final

from starlette.responses import Response

from idprobe_reference.endpoints.authorization import Transaction
from idprobe_reference.faults import AuthorizationFault, PageFault
from idprobe_reference.mutants.bending import Change, bend, having
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.authorization_request import Wish
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import UserConfig
from idprobe_reference.stores import Session

IFRAME: Final = "check_session_iframe"
PROMPTS: Final = "prompt_values_supported"


def _without_word(word: str, other: str) -> Change:
    """Return a change of the framed page: another word stands where one stood."""

    def change(page: Response) -> Response:
        page.body = bytes(page.body).replace(word.encode(), other.encode())
        page.headers["Content-Length"] = str(len(page.body))
        return page

    return change


ROWS: Final[tuple[tuple[Any, ...], ...]] = (
    ("session_state", "SessionStateIsMissing", "No response has session_state.",
     ("OIDCSM-2/session-state-in-response", "OIDCSM-2/session-state-in-error"), lambda _: {}),
    ("session_state", "SessionStateHasASpace", "session_state has a space.",
     "OIDCSM-2/session-state-no-space",
     lambda d: {name: value.replace(".", " ") for name, value in d.items()}),
    ("show_frame", "FrameSaysNoUnchanged", "The framed page says ok for unchanged.",
     "OIDCSM-3.2/match-is-unchanged", _without_word("'unchanged'", "'ok'")),
    ("show_frame", "FrameSaysNoChanged", "The framed page says new for changed.",
     "OIDCSM-3.2/mismatch-is-changed", _without_word("'changed'", "'new'")),
    ("show_frame", "FrameSaysNoError", "The framed page says nothing for error.",
     "OIDCSM-3.2/malformed-message-is-error", _without_word("'error'", "''")),
    ("show_frame", "FrameIgnoresOrigins", "The framed page answers whoever asks.",
     ("OIDCSM-3.2/op-iframe-checks-origin", "OIDCSM-3.2/op-iframe-rejects-other-origins"),
     _without_word("event.origin", "'*'")),
    ("show_frame", "FrameHasNoState", "The framed page looks at nothing.",
     "OIDCSM-3.2/op-iframe-recalculates", _without_word("cookie", "title")),
    ("metadata", "FrameIsNowhere", "check_session_iframe is where nothing is.",
     "OIDCSM-3.3/check-session-iframe-advertised",
     lambda d: {**d, IFRAME: d["token_endpoint"]}),
    ("metadata", "PromptsWithoutLogin", "login is not among the prompts.",
     "OIDCPC-4.2/all-prompt-values-listed",
     having(prompt_values_supported=["none", "consent", "create"])),
)  # fmt: skip
for one in ROWS:
    bend(*one)


@mutant(
    "OIDCPC-4.2/prompt-values-supported-advertised",
    also={
        "OIDCPC-4.2/all-prompt-values-listed": "nothing is listed",
        "OIDCD-3/array-members-are-string-arrays": "it is a text",
        "RFC8414-3.2/multiple-values-as-arrays": "it is a text",
    },
    features=["prompt_create"],
)
class PromptsAreNotListed(ReferenceServer):
    """prompt_values_supported is no array."""

    def metadata(self) -> dict[str, Any]:
        return {**super().metadata(), PROMPTS: "none login create"}


@mutant(
    "OIDCSM-3.3/check-session-iframe-https",
    also={"OAUTH21-1.5/https-only": "it is a URL like the others"},
    medium="tls",
)
class FrameInTheClear(ReferenceServer):
    """check_session_iframe is an http URL."""

    def metadata(self) -> dict[str, Any]:
        found = super().metadata()
        return {**found, IFRAME: found[IFRAME].replace("https:", "http:")}


@mutant("OIDCSM-2/session-state-in-error")
class ErrorsHaveNoSessionState(ReferenceServer):
    """Error responses have no session_state."""

    def deny(self, wish: Wish, fault: AuthorizationFault) -> Response:
        return self.deliver(wish, self.authorization_error(fault))


@mutant("OIDCSM-3.2/error-session-state-salted")
class ErrorStatesAreAlike(ReferenceServer):
    """The session_state of errors has one salt."""

    def session_state_salt(self, wish: Wish) -> str:
        return super().session_state_salt(wish) if not wish.prompts else "salt"


@mutant(
    "OIDCSM-2/session-state-per-client-and-origin",
    also={
        "OIDCSM-3.2/session-state-changes-on-events": "it never changes",
        "OIDCSM-3.2/error-session-state-salted": "it is one value",
    },
)
class SessionStateOfEverybody(ReferenceServer):
    """session_state is one value for all."""

    def session_state(self, wish: Wish, browser_state: str) -> dict[str, str]:
        del wish, browser_state
        return {"session_state": "one.salt"}


@mutant("OIDCSM-3.2/session-state-changes-on-events")
class SessionStateOutlivesSessions(ReferenceServer):
    """session_state is made of the client alone."""

    def session_state(self, wish: Wish, browser_state: str) -> dict[str, str]:
        if not browser_state:
            return super().session_state(wish, browser_state)
        return {"session_state": f"{wish.client.client_id}.salt"}


@mutant("OIDCSM-3.2/agent-state-updated-on-events")
class BrowserStateIsTheUser(ReferenceServer):
    """The cookie that scripts read is made of the user, and stays when the session ends."""

    def session_after_login(self, before: Session, user: UserConfig) -> Session:
        return replace(super().session_after_login(before, user), state=f"state-{user.sub[-8:]}")


@mutant("OIDCSM-3.2/agent-state-not-updated-idly")
class BrowserStateIsRestless(ReferenceServer):
    """Each answer sets the cookie that scripts read anew."""

    async def answer(self, transaction: Transaction, session: Session) -> Response:
        session.state = self.session_state_salt(transaction.wish)
        response = await super().answer(transaction, session)
        state = f"{self.state_cookie_name()}={session.state}{self.state_cookie_attributes()}"
        response.headers.append("Set-Cookie", state)
        return response


@mutant("OIDCPC-4/create-shows-account-creation")
class CreateShowsTheLogin(ReferenceServer):
    """prompt=create leads to the login form."""

    def login_page(self, transaction: Transaction, *given: Any) -> Response:
        rest = transaction.wish.prompts - {"create"}
        shown = replace(transaction, wish=replace(transaction.wish, prompts=rest))
        return super().login_page(shown, *given)


@mutant("OIDCPC-4.1/success-returns-id-token")
class NewcomersHaveNoSubject(ReferenceServer):
    """A new account has an empty sub."""

    def new_subject(self) -> str:
        return ""


@mutant(
    "OIDCPC-4.1/unsupported-prompt-is-400",
)
class StrangePromptsAreRedirected(ReferenceServer):
    """A prompt that is not listed is told to the client."""

    def check_prompt(self, prompts: frozenset[str]) -> None:
        try:
            super().check_prompt(prompts)
        except PageFault as fault:
            raise AuthorizationFault("invalid_request", fault.description) from fault


@mutant("OIDCPC-4.1/error-description-names-value")
class StrangePromptsAreJustWrong(ReferenceServer):
    """A prompt that is not listed is refused without a word on it."""

    def check_prompt(self, prompts: frozenset[str]) -> None:
        try:
            super().check_prompt(prompts)
        except PageFault as fault:
            raise PageFault("invalid_request: no.") from fault
