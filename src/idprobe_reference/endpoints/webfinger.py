"""WebFinger: which issuer looks after a person (OpenID Connect Discovery section 2)."""

from typing import Any, Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from idprobe_reference.core import Core
from idprobe_reference.endpoints.replies import json_reply

__all__ = ["ISSUER_RELATION", "WebFinger"]

ISSUER_RELATION: Final = "http://openid.net/specs/connect/1.0/issuer"
_JRD: Final = "application/jrd+json"


class WebFinger(Core):
    """The decisions of the WebFinger endpoint (RFC 7033)."""

    async def webfinger(self, request: Request) -> Response:
        """Answer who looks after a resource of this host; no other resource is known here."""
        resource = request.query_params.get("resource", "")
        if not resource:
            return json_reply({"error": "invalid_request"}, 400)
        if not self.is_of_this_host(resource):
            return json_reply({"error": "not_found"}, 404)
        relations = request.query_params.getlist("rel")
        body = self.descriptor(resource)
        if relations:
            body["links"] = [link for link in body["links"] if link["rel"] in relations]
        response = json_reply(body, headers={"Cache-Control": "public, max-age=300"})
        response.headers["Content-Type"] = _JRD
        return response

    def is_of_this_host(self, resource: str) -> bool:
        """Return whether a resource is an account or a URL at the host of the issuer."""
        host = urlsplit(self.issuer()).netloc
        scheme, _, rest = resource.partition(":")
        if scheme == "acct":
            return rest.rpartition("@")[2] == host
        return scheme in {"http", "https"} and urlsplit(resource).netloc == host

    def descriptor(self, resource: str) -> dict[str, Any]:
        """Return the JSON Resource Descriptor of a resource."""
        link = {"rel": ISSUER_RELATION, "href": self.issuer()}
        return {"subject": resource, "links": [link]}
