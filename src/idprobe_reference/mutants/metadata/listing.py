"""Mutants whose metadata say too much or too little."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from idprobe_reference.faults import AuthorizationFault, OAuthFault
from idprobe_reference.guard import Handler
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import AuthMethod, ClientConfig


class _Silent(ReferenceServer):
    """A server whose metadata lack a member."""

    lacks = ""

    def metadata(self) -> dict[str, Any]:
        return {k: v for k, v in super().metadata().items() if k != self.lacks}


@mutant(breaks="RFC8414-2/grant-types-default")
class GrantsAreNotListed(_Silent):
    """Grants that no default has work without being listed."""

    lacks = "grant_types_supported"


@mutant(
    breaks="RFC8414-2/token-auth-methods-default",
    also={"RFC9700-2.5/asymmetric-client-authentication": "no such method is listed any more"},
    alone=True,
)
class BasicIsNoDefault(_Silent):
    """No method is listed, and Basic is not taken."""

    lacks = "token_endpoint_auth_methods_supported"

    def method_fits(self, client: ClientConfig, method: AuthMethod) -> bool:
        return method != "client_secret_basic" and super().method_fits(client, method)


@mutant(
    breaks="RFC8414-2/revocation-auth-methods-default",
    also=dict.fromkeys(
        (
            "RFC7009-2/access-token-revocation",
            "RFC7009-2.1/cascade-from-access-token",
            "RFC7009-2.2.1/unsupported-token-type",
        ),
        "nothing is revoked",
    ),
)
class BasicIsNoDefaultOfRevocation(_Silent):
    """No method of revocation is listed, and Basic is not taken there."""

    lacks = "revocation_endpoint_auth_methods_supported"

    def authenticate_client(self, request: Request, form: Form) -> ClientConfig:
        if "authorization" in request.headers and request.url.path.endswith("/revoke"):
            raise OAuthFault("invalid_client", "this method is not taken")
        return super().authenticate_client(request, form)


@mutant(breaks="RFC8414-2/listed-capabilities-work")
class GrantIsListedInVain(ReferenceServer):
    """A grant is listed that is not supported."""

    def metadata(self) -> dict[str, Any]:
        members = super().metadata()
        more = "urn:ietf:params:oauth:grant-type:saml2-bearer"
        return {**members, "grant_types_supported": [*members["grant_types_supported"], more]}


@mutant(breaks="RFC8414-2/listed-capabilities-work", profile="speakup")
class ResponseTypeIsListedInVain(ReferenceServer):
    """A response type is listed that is not supported."""

    def check_response_type(self, client: ClientConfig, form: Form) -> None:
        if len(form.get("response_type", "").split()) > 2:  # noqa: PLR2004 - more than two words
            raise AuthorizationFault("unsupported_response_type", "there is no such type")
        super().check_response_type(client, form)


@mutant(breaks="RFC8414-2/listed-capabilities-work")
class MethodIsListedInVain(ReferenceServer):
    """A method of client authentication is listed that is not taken."""

    def method_fits(self, client: ClientConfig, method: AuthMethod) -> bool:
        return method != "client_secret_jwt" and super().method_fits(client, method)


@mutant(
    breaks=["RFC8414-3.1/trailing-slash-removed", "RFC8414-3/published-at-well-known-path"],
    path="/tenant/",
)
class SlashIsKept(ReferenceServer):
    """The slash at the end of the issuer is kept where the well-known string goes in."""

    def routes(self) -> dict[str, Mapping[str, Handler]]:
        place = "/.well-known/oauth-authorization-server"
        return {
            f"{path}/" if path.startswith(place) else path: handlers
            for path, handlers in super().routes().items()
        }
