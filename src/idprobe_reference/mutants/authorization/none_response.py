"""Mutants of response_type=none and of whom an ID Token alone is about."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from dataclasses import replace

from starlette.responses import Response

from idprobe_reference.faults import AuthorizationFault, PageFault
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.authorization_request import Wish
from idprobe_reference.server import ReferenceServer
from idprobe_reference.stores import Grant, Session

NOTHING = frozenset({"none"})


@mutant(breaks="OAUTH2-RT-4/none-returns-no-credentials", profile="speakup")
class NoneBringsACode(ReferenceServer):
    """A request for nothing brings a code."""

    async def authorization_response(self, wish: Wish, session: Session) -> dict[str, str]:
        types = frozenset({"code"}) if wish.response_types == NOTHING else wish.response_types
        return await super().authorization_response(replace(wish, response_types=types), session)


@mutant(breaks="OAUTH2-RT-4/none-redirects", profile="speakup")
class RefusalsOfNothingStayHere(ReferenceServer):
    """Somebody who says no to a request for nothing is shown a page."""

    def deny(self, wish: Wish, fault: AuthorizationFault) -> Response:
        if wish.response_types == NOTHING and fault.code == "access_denied":
            return self.error_page(PageFault("You said no."))
        return super().deny(wish, fault)


@mutant(breaks="OAUTH2-RT-4/none-state-echoed", profile="speakup")
class NoneForgetsState(ReferenceServer):
    """The answer to a request for nothing has no state."""

    def state_parameter(self, wish: Wish, *, is_error: bool) -> dict[str, str]:
        return (
            {}
            if wish.response_types == NOTHING
            else super().state_parameter(wish, is_error=is_error)
        )


@mutant(breaks="OAUTH2-RT-4/none-default-query", profile="speakup")
class NoneComesByFragment(ReferenceServer):
    """The answer to a request for nothing is in the fragment."""

    def default_response_mode(self, types: frozenset[str]) -> str:
        return "fragment" if types == NOTHING else super().default_response_mode(types)


@mutant(breaks="OAUTH2-RT-3/assertion-of-identity", profile="speakup")
class IdTokensAloneAreAboutAnother(ReferenceServer):
    """An ID Token that comes alone is about another user than the one who logged in."""

    def grant_of(self, wish: Wish, session: Session) -> Grant:
        if wish.response_types != {"id_token"}:
            return super().grant_of(wish, session)
        other = next(user for user in self.users.values() if user != session.user)
        return super().grant_of(wish, replace(session, user=other))
