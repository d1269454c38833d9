"""Mutants of the pages that a person sees and of their headers."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from starlette.requests import Request
from starlette.responses import Response

from idprobe_reference.mutants.registry import mutant
from idprobe_reference.server import ReferenceServer


@mutant(
    breaks=[
        "RFC9700-4.16/clickjacking-prevented",
        "RFC9700-4.16/csp-used",
        "RFC9700-4.16/csp-combined",
        "OIDCC-3.1.2.3/clickjacking-protection",
    ]
)
class PagesCanBeFramed(ReferenceServer):
    """Other sites can frame the pages."""

    def page_headers(
        self, *, script: str = "'none'", image: str = "'none'", form_action: str = "'self'"
    ) -> dict[str, str]:
        headers = super().page_headers(script=script, image=image, form_action=form_action)
        gone = {"X-Frame-Options", "Content-Security-Policy"}
        return {name: value for name, value in headers.items() if name not in gone}


@mutant(breaks=["RFC9700-4.16/csp-combined"])
class PagesForgetOldBrowsers(ReferenceServer):
    """The pages rely on Content-Security-Policy alone against framing."""

    def page_headers(
        self, *, script: str = "'none'", image: str = "'none'", form_action: str = "'self'"
    ) -> dict[str, str]:
        headers = super().page_headers(script=script, image=image, form_action=form_action)
        del headers["X-Frame-Options"]
        return headers


@mutant(breaks="RFC9700-4.2.4/referrer-suppressed")
class PagesTellTheReferrer(ReferenceServer):
    """The pages let their URL out as referrer."""

    def page_headers(
        self, *, script: str = "'none'", image: str = "'none'", form_action: str = "'self'"
    ) -> dict[str, str]:
        headers = super().page_headers(script=script, image=image, form_action=form_action)
        return {**headers, "Referrer-Policy": "unsafe-url"}


@mutant(
    breaks=[
        "RFC9700-2.6/no-cors-at-authorization-endpoint",
        "OIDCD-3/no-cors-at-authorization-endpoint",
    ]
)
class AuthorizationHasCors(ReferenceServer):
    """Scripts of other sites may read the authorization endpoint."""

    def paths_without_cors(self) -> frozenset[str]:
        return frozenset()


@mutant(
    breaks=[
        "RFC9700-4.12/use-303",
        "OIDCC-16.22/no-307-to-redirect-uri",
    ]
)
class ConsentIsRedirectedWith307(ReferenceServer):
    """The redirect after the consent repeats the body."""

    async def consent(self, request: Request) -> Response:
        response = await super().consent(request)
        if response.status_code == 303:  # noqa: PLR2004 - a status code
            response.status_code = 307
        return response
