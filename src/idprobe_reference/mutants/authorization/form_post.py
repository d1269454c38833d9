"""Mutants of the page that posts an authorization response to the client."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

import html
from collections.abc import Mapping

from starlette.responses import Response

from idprobe_reference.endpoints.pages import render
from idprobe_reference.endpoints.replies import page_reply, with_parameters
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.authorization_request import Wish
from idprobe_reference.server import ReferenceServer


@mutant(breaks="OAUTH2-FP-2/action-is-redirect-uri")
class FormIsPostedElsewhere(ReferenceServer):
    """The form's action has a query that the redirect_uri has not."""

    def form_post(self, wish: Wish, parameters: Mapping[str, str]) -> Response:
        page = render(
            "form_post", redirect_uri=f"{wish.redirect_uri}?from=here", parameters=parameters
        )
        return page_reply(page, 200, self.page_headers())


@mutant(
    breaks=[
        "OAUTH2-FP-2/method-post",
        "OAUTH2-FP-2/errors-too",
        "OAUTH2-FP-2/parameters-as-form-values",
        "OAUTH2-FP-4/safe-for-every-response-type",
        "OAUTH2-RT-3/supplied-or-default-mode",
        "OAUTH2-RT-5/supplied-or-default-mode",
    ],
    also={"OAUTH2-FP-2/auto-submitted": "there is no form"},
    profile="speakup",
)
class FormPostIsRedirected(ReferenceServer):
    """form_post is answered as fragment is."""

    def form_post(self, wish: Wish, parameters: Mapping[str, str]) -> Response:
        response = page_reply("", 303, self.redirect_headers())
        response.headers["location"] = with_parameters(wish.redirect_uri, parameters, fragment=True)
        return response


@mutant(breaks="OAUTH2-FP-2/not-stored-or-reused")
class FormPostMayBeStored(ReferenceServer):
    """Caches may keep the page that posts the response."""

    def form_post(self, wish: Wish, parameters: Mapping[str, str]) -> Response:
        response = super().form_post(wish, parameters)
        response.headers["cache-control"] = "private"
        return response


@mutant(breaks="OAUTH2-FP-2/parameters-as-form-values")
class FormPostEscapesTwice(ReferenceServer):
    """The values of the form are escaped once too often."""

    def form_post(self, wish: Wish, parameters: Mapping[str, str]) -> Response:
        twice = {name: html.escape(value) for name, value in parameters.items()}
        return super().form_post(wish, twice)


@mutant(breaks="OAUTH2-FP-2/auto-submitted")
class FormPostWaits(ReferenceServer):
    """The form waits for a click."""

    def form_post(self, wish: Wish, parameters: Mapping[str, str]) -> Response:
        response = super().form_post(wish, parameters)
        page = bytes(response.body).decode().replace("submit()", "focus()")
        return page_reply(page, 200, self.page_headers())
