"""Request Objects by reference (OpenID Connect Core section 6.2): fetched from the client."""

from typing import Any, Final

from idprobe_reference.faults import AuthorizationFault
from idprobe_reference.outbound import Fetched, OutboundError
from idprobe_reference.requests.forms import Form
from idprobe_reference.requests.request_objects import RequestObjects
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import Store

__all__ = ["ReferencedObjects"]

_LONGEST: Final = 2_048
_FOR_A_MOMENT_S: Final = 10
_ACCEPT: Final = "application/oauth-authz-req+jwt, application/jwt"
_NO_OBJECTS: Final = frozenset({"text/html", "application/xhtml+xml"})


class ReferencedObjects(RequestObjects):
    """The decisions about a request_uri."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._fetched: Final[Store[str]] = Store(self.clock, limit=1_000)

    async def prepare(self, form: Form) -> None:
        """Fetch what a request refers to: its Request Object, and the keys that verify it."""
        client = self.clients.get(form.get("client_id", ""))
        if client is None or form.repeated():
            return
        if self.config.request_uri_parameter and "request_uri" in form and "request" not in form:
            await self._fetch_object(client, form["request_uri"])
        token = form.get("request") or self._object_at(client, form.get("request_uri", ""))
        if token:
            await self.learn_keys(client, token)

    async def _fetch_object(self, client: ClientConfig, uri: str) -> None:
        place = f"{client.client_id} {uri}"
        self._fetched.pop(place)
        if not self.request_uri_is_registered(client, uri) or len(uri) > _LONGEST:
            return
        try:
            token = self.object_of(await self.outbound.get(uri.partition("#")[0], _ACCEPT))
        except (OutboundError, UnicodeError):
            return
        self._fetched.put(place, token, self.clock() + _FOR_A_MOMENT_S)

    def object_of(self, fetched: Fetched) -> str:
        """Return the Request Object of an answer; raises OutboundError for a page."""
        if fetched.media_type in _NO_OBJECTS:
            raise OutboundError("it is a page")
        return fetched.body.decode("ascii").strip()

    def request_uri_is_registered(self, client: ClientConfig, uri: str) -> bool:
        """Return whether the client registered a request_uri, whatever fragment marks its state."""
        known = {one.partition("#")[0] for one in client.request_uris}
        return uri.partition("#")[0] in known

    def _object_at(self, client: ClientConfig, uri: str) -> str | None:
        return self._fetched.get(f"{client.client_id} {uri}")

    def object_named(self, client: ClientConfig, form: Form) -> str | None:
        """Return the Request Object of a request, None without one; raises AuthorizationFault."""
        if "request_uri" not in form or not self.config.request_uri_parameter:
            return super().object_named(client, form)
        if "request" in form:
            raise AuthorizationFault(
                "invalid_request", "request and request_uri exclude each other"
            )
        token = self._object_at(client, form["request_uri"])
        if token is None:
            raise AuthorizationFault("invalid_request_uri", "there is no Request Object there")
        if not self.reference_is_safe(form["request_uri"], token):
            raise AuthorizationFault(
                "invalid_request_uri", "an unsigned Request Object has to be at an https URL"
            )
        return token

    def reference_is_safe(self, uri: str, token: str) -> bool:
        """Return whether nobody on the way could write the object: https, or signed (section 6)."""
        return uri.startswith("https://") or not token.endswith(".")
