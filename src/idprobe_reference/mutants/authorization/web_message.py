"""Mutants that post their answers to other windows, to more of them than they should."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import Response

from idprobe_reference.endpoints.replies import page_reply
from idprobe_reference.faults import AuthorizationFault
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.authorization_request import Wish
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig

MODE = "web_message"


class MessageServer(ReferenceServer):
    """Has the response mode web_message: no mutant itself, it posts to the registered origin."""

    def metadata(self) -> dict[str, Any]:
        members = super().metadata()
        return {
            **members,
            "response_modes_supported": [*members["response_modes_supported"], MODE],
        }

    def response_mode_for(
        self, form: Form, types: frozenset[str]
    ) -> tuple[str, AuthorizationFault | None]:
        if form.get("response_mode") == MODE:
            return MODE, None
        return super().response_mode_for(form, types)

    def deliver(self, wish: Wish, parameters: Mapping[str, str]) -> Response:
        if wish.response_mode != MODE:
            return super().deliver(wish, parameters)
        message = json.dumps({"response": {**parameters, "state": wish.state}})
        target = json.dumps(self.origin_for(wish))
        page = f"<!doctype html><script>opener.postMessage({message}, {target})</script>"
        return page_reply(page, 200, self.page_headers())

    def origin_for(self, wish: Wish) -> str:
        parts = urlsplit(wish.redirect_uri)
        return f"{parts.scheme}://{parts.netloc}"


@mutant(breaks="RFC9700-4.17.2/no-wildcard-origin")
class MessagesAreForEveryOrigin(MessageServer):
    """The answer is posted to whoever opened the window."""

    def origin_for(self, wish: Wish) -> str:
        del wish
        return "*"


@mutant(breaks="RFC9700-4.17.2/receiver-origin-exact")
class MessagesGoToEveryPort(MessageServer):
    """The answer is posted to the registered host, whatever its port."""

    def redirect_uri_matches(self, registered: str, given: str, client: ClientConfig) -> bool:
        same = urlsplit(registered).hostname == urlsplit(given).hostname
        return same or super().redirect_uri_matches(registered, given, client)
