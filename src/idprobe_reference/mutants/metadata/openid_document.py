"""Mutants of the OpenID configuration alone: the document of RFC 8414 beside it stays right."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from idprobe_reference.endpoints.replies import json_reply
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.server import ReferenceServer

OPENID = "openid-configuration"
OAUTH = "oauth-authorization-server"


@mutant(breaks="OIDCD-4.2/json-object")
class ConfigurationRepeatsMember(ReferenceServer):
    """A member of the OpenID configuration occurs twice."""

    async def show_metadata(self, request: Request) -> Response:
        response = await super().show_metadata(request)
        if not request.url.path.endswith(OPENID):
            return response
        body = bytes(response.body)[:-1] + b',"issuer":"twice"}'
        return Response(body, media_type="application/json")


@mutant(
    breaks=[
        "OIDCD-4/document-at-well-known-path",
        "OIDCD-4.2/status-200",
        "OIDCC-15.2/discovery-supported",
    ],
    also={"OIDCD-4/content-type-json": "a redirect has no JSON"},
)
class ConfigurationIsElsewhere(ReferenceServer):
    """Who asks for the OpenID configuration as JSON is sent elsewhere."""

    async def show_metadata(self, request: Request) -> Response:
        wants_json = request.headers.get("accept") == "application/json"
        if wants_json and request.url.path.endswith(OPENID):
            return RedirectResponse(self.url("/elsewhere"), 302)
        return await super().show_metadata(request)


@mutant(breaks=["RFC8414-3/published-at-well-known-path"])
class OauthDocumentIsElsewhere(ReferenceServer):
    """The document of RFC 8414 is behind a redirect."""

    async def show_metadata(self, request: Request) -> Response:
        if request.url.path.endswith(OAUTH):
            return RedirectResponse(self.url("/elsewhere"), 302)
        return await super().show_metadata(request)


@mutant(breaks="RFC9068-4/metadata-and-discovery-consistent")
class DocumentsDisagree(ReferenceServer):
    """The two documents name different endpoints for the end of a session."""

    async def show_metadata(self, request: Request) -> Response:
        document = self.metadata()
        if request.url.path.endswith(OAUTH):
            document["end_session_endpoint"] = self.url("/goodbye")
        return json_reply(document, headers=self.metadata_headers())


@mutant(breaks=["RFC8414-3.1/get-served", "OIDCD-4.1/get-request"])
class MetadataWantsAccept(ReferenceServer):
    """The metadata are served to those who say what they accept."""

    async def show_metadata(self, request: Request) -> Response:
        if "accept" not in request.headers:
            return PlainTextResponse("say what you want", 406)
        return await super().show_metadata(request)


@mutant(breaks=["OIDCD-4/cors"])
class MetadataRefuseScripts(ReferenceServer):
    """A script of another origin may not read the metadata."""

    def paths_without_cors(self) -> frozenset[str]:
        return super().paths_without_cors() | {f"{self.path}/.well-known/{OPENID}"}


@mutant(breaks=["OIDCD-3/client-accessed-endpoints-cors"])
class TokenEndpointRefusesScripts(ReferenceServer):
    """A script of another origin may not call the token endpoint."""

    def paths_without_cors(self) -> frozenset[str]:
        return super().paths_without_cors() | {f"{self.path}/token"}


@mutant(breaks=["OIDCC-5.3/cors"])
class UserinfoRefusesScripts(ReferenceServer):
    """A script of another origin may not call userinfo."""

    def paths_without_cors(self) -> frozenset[str]:
        return super().paths_without_cors() | {f"{self.path}/userinfo"}
