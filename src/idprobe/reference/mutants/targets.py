"""Mutants that send browsers wherever a link says."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from starlette.requests import Request
from starlette.responses import Response

from idprobe.reference.mutants.registry import mutant
from idprobe.reference.replies import redirect_reply
from idprobe.reference.server import ReferenceServer


@mutant(breaks="RFC9700-2.1/no-open-redirector")
class PagesThatExpiredGoOn(ReferenceServer):
    """A page that has expired goes on to where `return_to` says."""

    async def go_on(self, request: Request) -> Response:
        target = request.query_params.get("return_to")
        if target is not None:
            return redirect_reply(target, self.redirect_headers())
        return await super().go_on(request)
