"""Mutants that send browsers wherever a link says."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from starlette.requests import Request
from starlette.responses import Response

from idprobe_reference.endpoints.replies import redirect_reply
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.server import ReferenceServer


@mutant(breaks="RFC9700-2.1/no-open-redirector")
class PagesThatExpiredGoOn(ReferenceServer):
    """A page that has expired goes on to where `return_to` says."""

    async def go_on(self, request: Request) -> Response:
        target = request.query_params.get("return_to")
        if target is not None:
            return redirect_reply(target, self.redirect_headers())
        return await super().go_on(request)


@mutant(breaks="RFC9700-2.1/no-open-redirector")
class FormsThatAreRefusedGoBack(ReferenceServer):
    """A form of another site is refused, and the browser goes back to where the form says."""

    async def log_in(self, request: Request) -> Response:
        return await self.back(request) or await super().log_in(request)

    async def consent(self, request: Request) -> Response:
        return await self.back(request) or await super().consent(request)

    async def back(self, request: Request) -> Response | None:
        """Return the way back to where a form of another site says that it is from."""
        if self.origin_is_ours(request):
            return None
        target = (await self.posted_form(request)).get("return_to")
        return redirect_reply(target, self.redirect_headers()) if target is not None else None
