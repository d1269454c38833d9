"""Mutants of the metadata and of the JWK Set."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from idprobe_reference.endpoints.replies import json_reply
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.server import ReferenceServer


@mutant(
    breaks=[
        "RFC8414-3.3/issuer-identical",
        "OIDCD-4.3/issuer-equals-url-prefix",
        "OIDCC-3.1.3.7/iss-equals-issuer",
        "RFC9207-2.3/iss-equals-metadata-issuer",
    ],
    also={
        "RFC9068-2.2/iss": "the iss of access tokens is the one in use",
        "RFC9068-4/keys-and-issuer-published": "the iss of access tokens is the one in use",
    },
)
class MetadataIssuerHasSlash(ReferenceServer):
    """The issuer in the metadata has a slash that the one in use has not."""

    def metadata(self) -> dict[str, Any]:
        return {**super().metadata(), "issuer": self.issuer() + "/"}


@mutant(breaks=["RFC8414-3.2/empty-members-omitted", "OIDCD-4.2/empty-arrays-omitted"])
class MetadataHasEmptyMember(ReferenceServer):
    """The metadata has a list without any element."""

    def metadata(self) -> dict[str, Any]:
        return {**super().metadata(), "ui_locales_supported": []}


@mutant(
    breaks=[
        "RFC8414-2/code-challenge-methods-tell-pkce",
        "RFC9700-2.1.1/pkce-in-metadata",
        "RFC9700-2.1.1/pkce-support-detectable",
        "RFC9700-4.7.1/pkce-support-detectable",
    ],
    profile="speakup",
)
class MetadataHidesPkce(ReferenceServer):
    """The metadata does not say that PKCE is supported."""

    def metadata(self) -> dict[str, Any]:
        document = super().metadata()
        del document["code_challenge_methods_supported"]
        return document


@mutant(
    breaks=[
        "RFC8414-2/response-types-supported-present",
        "OIDCD-3/response-types-supported-present",
    ],
    also={
        "OIDCD-3/dynamic-grant-types": "the implicit flow is not known to be missing",
        "OIDCD-3/dynamic-response-types": "nothing is listed",
    },
)
class MetadataWithoutResponseTypes(ReferenceServer):
    """The metadata does not list the response types."""

    def metadata(self) -> dict[str, Any]:
        document = super().metadata()
        del document["response_types_supported"]
        return document


@mutant(breaks=["OIDCD-3/subject-types-supported-present", "OIDCC-8/subject-types-listed"])
class MetadataWithoutSubjectTypes(ReferenceServer):
    """The metadata does not list the subject types."""

    def metadata(self) -> dict[str, Any]:
        document = super().metadata()
        del document["subject_types_supported"]
        return document


@mutant(breaks=["OIDCD-3/boolean-members-are-booleans", "OIDCC-13.3/json-types"])
class MetadataFlagsAreText(ReferenceServer):
    """The flags of the metadata are texts."""

    def metadata(self) -> dict[str, Any]:
        return {**super().metadata(), "claims_parameter_supported": "false"}


@mutant(breaks=["RFC6749-3.2/endpoint-without-fragment"])
class TokenEndpointHasFragment(ReferenceServer):
    """The URL of the token endpoint has a fragment."""

    def metadata(self) -> dict[str, Any]:
        return {**super().metadata(), "token_endpoint": self.url("/token#here")}


@mutant(breaks=["RFC7636-7.2/plain-not-used", "RFC8414-2/listed-capabilities-work"])
class MetadataPromisesPlain(ReferenceServer):
    """The metadata lists a challenge method that does not work."""

    def challenge_methods(self) -> list[str]:
        return ["S256", "plain"]


@mutant(breaks=["RFC8414-3.2/status-200-json", "OIDCD-4/content-type-json"])
class MetadataIsPlainText(ReferenceServer):
    """The metadata is sent as text/plain."""

    async def show_metadata(self, request: Request) -> Response:
        response = await super().show_metadata(request)
        return PlainTextResponse(bytes(response.body))


@mutant(breaks=["RFC8414-3.3/unconfigured-host-not-followed"])
class MetadataFollowsHost(ReferenceServer):
    """The endpoints in the metadata are where Host says."""

    async def show_metadata(self, request: Request) -> Response:
        ours = self.issuer()
        theirs = f"{request.url.scheme}://{request.headers['host']}"
        return json_reply(
            {
                name: value.replace(ours, theirs) if isinstance(value, str) else value
                for name, value in self.metadata().items()
            }
        )


@mutant(
    breaks=[
        "OIDCD-3/no-private-keys-in-jwks",
        "RFC7517-9.2/no-private-members-published",
    ]
)
class KeysArePrivate(ReferenceServer):
    """The published keys have private members."""

    def jwks(self) -> dict[str, Any]:
        keys = super().jwks()["keys"]
        return {"keys": [{**key, "d": key.get("x", key.get("n"))} for key in keys]}


@mutant(breaks=["OIDCC-10.1/kid-when-several-keys", "RFC7515-4.1.4/kid-string"])
class KeysWithoutKid(ReferenceServer):
    """The published keys have no kid."""

    def jwks(self) -> dict[str, Any]:
        keys = super().jwks()["keys"]
        return {"keys": [{n: v for n, v in key.items() if n != "kid"} for key in keys]}


@mutant(
    breaks=["RFC7517-4.5/distinct-kid"],
    also={
        "RFC7515-4.1.4/kid-string": "the kid of tokens is not published",
        "OIDCC-10.1/kid-when-several-keys": "the kid of tokens is not published",
        "OIDCC-10.1/signing-key-published": "no key is found by kid",
        "OIDCC-3.1.3.7/signature-verifies-with-issuer-keys": "no key is found by kid",
    },
)
class KeysShareOneKid(ReferenceServer):
    """All published keys have the same kid."""

    def jwks(self) -> dict[str, Any]:
        return {"keys": [{**key, "kid": "one"} for key in super().jwks()["keys"]]}


@mutant(
    breaks=[
        "OIDCC-10.1/signing-key-published",
        "OIDCD-3/jwks-has-signing-keys",
        "OIDCC-3.1.3.7/signature-verifies-with-issuer-keys",
        "OIDCC-2/signed",
        "RFC7515-5.1/alg-accurate",
    ],
    also={
        "RFC7515-4.1.4/kid-string": "the kid of tokens is not published",
        "OIDCC-10.1/kid-when-several-keys": "the kid of tokens is not published",
        "RFC9068-2.1/signed": "no key verifies the signature",
        "RFC9068-4/keys-and-issuer-published": "no key verifies the signature",
    },
)
class SigningKeyIsNotPublished(ReferenceServer):
    """The key that signs RS256 is not in the JWK Set."""

    def jwks(self) -> dict[str, Any]:
        return {"keys": [key for key in super().jwks()["keys"] if key["kty"] != "RSA"]}


@mutant(breaks=["OIDCC-10.2.1/jwks-cache-control-max-age"])
class KeysMayNotBeKept(ReferenceServer):
    """The JWK Set may not be cached."""

    def metadata_headers(self) -> dict[str, str]:
        return {"Cache-Control": "no-store"}


@mutant(
    breaks=["RFC9700-4.13/proxy-headers-sanitised", "RFC8414-3.3/unconfigured-host-not-followed"],
    features=["tls_terminating_proxy"],
)
class MetadataFollowsForwardedHost(ReferenceServer):
    """The endpoints in the metadata are where X-Forwarded-Host says, whoever sent it."""

    async def show_metadata(self, request: Request) -> Response:
        host = request.headers.get("x-forwarded-host")
        if host is None:
            return await super().show_metadata(request)
        ours, theirs = self.issuer(), f"https://{host}"
        return json_reply(
            {
                name: value.replace(ours, theirs) if isinstance(value, str) else value
                for name, value in self.metadata().items()
            }
        )


@mutant(breaks="RFC9700-4.13/proxy-headers-sanitised", features=["tls_terminating_proxy"])
class MetadataFollowsForwardedPort(ReferenceServer):
    """The endpoints in the metadata are at the port of X-Forwarded-Port, whoever sent it."""

    async def show_metadata(self, request: Request) -> Response:
        port = request.headers.get("x-forwarded-port")
        if port is None:
            return await super().show_metadata(request)
        members = self.metadata()
        return json_reply({**members, "token_endpoint": f"https://127.0.0.1:{port}/token"})
