"""Mutants of the metadata that a client registers (RFC 7591 section 2)."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from dataclasses import replace
from typing import Any, Final

from idprobe_reference.core import fresh_secret
from idprobe_reference.faults import OAuthFault
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig

GOOD: Final = "https://client.example/cb"
EC_KEY: Final = {"keys": [{"kty": "EC"}]}
POST: Final = "client_secret_post"
WITHOUT_URIS: Final = (
    "RFC7591-2/redirect-uris-required-for-redirect-flows",
    "RFC7591-5/redirect-uris-demanded",
    "RFC6749-3.1.2.2/public-client-registers-redirect",
    "RFC6749-10.6/redirect-registration-public",
    "RFC6749-10.6/redirect-registration-confidential",
)


@mutant([*WITHOUT_URIS, "RFC6749-3.1.2.2/implicit-client-registers-redirect"], profile="speakup")
class RedirectUrisAreOptional(ReferenceServer):
    """Clients of every grant may register without a redirect URI, and name any at their login."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        if "redirect_uris" in body:
            return super().client_of_metadata(body, client_id, secret)
        client = super().client_of_metadata({**body, "redirect_uris": [GOOD]}, client_id, secret)
        return replace(client, redirect_uris=())

    def redirect_uri_for(self, client: ClientConfig, form: Form) -> str:
        given = form.get("redirect_uri")
        return (
            given if given and not client.redirect_uris else super().redirect_uri_for(client, form)
        )


@mutant(
    [
        "RFC7591-2/redirect-uris-supported",
        "RFC7591-3.2.1/all-metadata-returned",
        "RFC7591-2/grant-type-values",
        "RFC7591-2/response-type-values",
    ],
    also={"RFC6749-3.1.2.2/several-redirect-uris": "none of them is told"},
)
class RegistrationTellsLess(ReferenceServer):
    """The response leaves out what was registered."""

    def client_members(self, client: ClientConfig) -> dict[str, Any]:
        silent = {"redirect_uris", "grant_types", "response_types"}
        told = super().client_members(client)
        return {name: value for name, value in told.items() if name not in silent}


@mutant(
    ["RFC6749-3.1.2.2/several-redirect-uris", "OIDCR-3.2/redirect-uris-not-replaced"],
    also={"RFC7591-3.2.1/all-metadata-returned": "the others are not told"},
)
class OneRedirectUriIsEnough(ReferenceServer):
    """Only the first redirect URI is registered."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        client = super().client_of_metadata(body, client_id, secret)
        return replace(client, redirect_uris=client.redirect_uris[:1])


@mutant("RFC7591-2/auth-method-default")
class PostIsTheDefault(ReferenceServer):
    """A client that names no method authenticates in the body."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        body = {"token_endpoint_auth_method": POST, **body}
        return super().client_of_metadata(body, client_id, secret)


@mutant(
    [
        "RFC7591-2/auth-method-none-has-no-secret",
        "RFC6749-10.1/no-secret-for-native-or-browser-client",
    ]
)
class EverybodyGetsASecret(ReferenceServer):
    """Public clients get a secret too."""

    def client_members(self, client: ClientConfig) -> dict[str, Any]:
        return {"client_secret": fresh_secret(), **super().client_members(client)}


@mutant("RFC7591-2/grant-types-default")
class EveryGrantByDefault(ReferenceServer):
    """A client that names no grant gets client_credentials too."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        body = {"grant_types": ["authorization_code", "client_credentials"], **body}
        return super().client_of_metadata(body, client_id, secret)


@mutant(
    "RFC7591-2/response-types-default",
    also={"RFC7591-2/grant-types-default": "the implicit grant goes with it"},
    profile="speakup",
)
class EveryResponseTypeByDefault(ReferenceServer):
    """A client that names no response type gets the implicit ones too, and is not told of them."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        if "response_types" not in body and "grant_types" not in body:
            both = ["authorization_code", "implicit"]
            body = {**body, "response_types": ["code", "token"], "grant_types": both}
            body = {**body, "redirect_uris": [GOOD]}
        return super().client_of_metadata(body, client_id, secret)

    def client_members(self, client: ClientConfig) -> dict[str, Any]:
        told = super().client_members(client)
        silent = client.response_types == ("code", "token")
        return {**told, "response_types": ["code"]} if silent else told


@mutant("RFC7591-2/scope-default")
class ScopeIsAList(ReferenceServer):
    """The scope that was filled in is told as a list."""

    def client_members(self, client: ClientConfig) -> dict[str, Any]:
        return {**super().client_members(client), "scope": client.scope.split()}


@mutant("RFC7591-2/jwks-uri-and-jwks-exclusive")
class KeysComeTwice(ReferenceServer):
    """Keys are registered by value and by reference at once."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        alone = {name: value for name, value in body.items() if name != "jwks_uri"}
        client = super().client_of_metadata(alone, client_id, secret)
        told = {"jwks_uri": body["jwks_uri"]} if "jwks_uri" in body else {}
        return replace(client, display={**client.display, **told})


@mutant(["RFC7591-2/jwks-is-valid-set", "OIDCR-2/no-private-keys-in-jwks"])
class AnythingIsAKeySet(ReferenceServer):
    """Whatever is in jwks is registered."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        if "jwks" not in body or "jwks_uri" in body:
            return super().client_of_metadata(body, client_id, secret)
        client = super().client_of_metadata({**body, "jwks": EC_KEY}, client_id, secret)
        return replace(client, jwks=body["jwks"])


@mutant("RFC7591-2/unknown-metadata-ignored")
class UnknownMetadataAreRefused(ReferenceServer):
    """A member that the server does not know is an error."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        if any(name.startswith("xyz_") for name in body):
            raise OAuthFault("invalid_client_metadata", "a member is not known")
        return super().client_of_metadata(body, client_id, secret)


@mutant(["RFC7591-2/values-replaced-or-rejected", "RFC7592-2.2/replaced-values-returned"])
class UnknownMethodsStay(ReferenceServer):
    """An authentication method that nobody knows is registered."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        method = body.get("token_endpoint_auth_method")
        if not isinstance(method, str) or not method.startswith("idprobe_"):
            return super().client_of_metadata(body, client_id, secret)
        body = {**body, "token_endpoint_auth_method": POST}
        client = super().client_of_metadata(body, client_id, secret)
        return replace(client, token_endpoint_auth_method=method)  # type: ignore[arg-type]  # on purpose


@mutant(["RFC7591-2.1/inconsistent-state-prevented", "OIDCR-2/grant-types-fit-response-types"])
class ContradictionsStay(ReferenceServer):
    """Grant types and response types may contradict each other."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        if body.get("response_types") != ["code"] or not isinstance(body.get("grant_types"), list):
            return super().client_of_metadata(body, client_id, secret)
        agreed = {**body, "grant_types": ["authorization_code"]}
        client = super().client_of_metadata(agreed, client_id, secret)
        return replace(client, grant_types=tuple(body["grant_types"]))


@mutant(
    [
        "RFC7591-2/client-uri-shown",
        "RFC7591-2/logo-shown",
        "RFC7591-2/tos-shown",
        "RFC7591-2/policy-shown",
        "OAUTH21-7.9/informed-consent",
    ]
)
class ConsentShowsNothing(ReferenceServer):
    """Nothing of what a client says of itself is shown."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        return replace(super().client_of_metadata(body, client_id, secret), display={})


@mutant("RFC7591-2.2/untagged-value-shown-as-is")
class NamesAreChanged(ReferenceServer):
    """The name of a client is shown in other letters."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        client = super().client_of_metadata(body, client_id, secret)
        name = client.name.replace("ö", "o")
        return replace(client, display={**client.display, "client_name": name})
