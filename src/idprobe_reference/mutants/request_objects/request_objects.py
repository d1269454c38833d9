"""Mutants of Request Objects (OpenID Connect Core section 6)."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from collections.abc import Mapping
from typing import Any

from idprobe_reference.faults import AuthorizationFault
from idprobe_reference.mutants.bending import bend
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import REQUEST_OBJECT_ALGORITHMS, ClientConfig


@mutant(breaks="OIDCC-6.1/request-object-values-win")
class OuterValuesWin(ReferenceServer):
    """Parameters outside win over those in the Request Object."""

    def merged(self, form: Form, claims: Mapping[str, Any]) -> Form:
        return super().merged(form, {n: v for n, v in claims.items() if n not in form})


@mutant(breaks="OIDCC-6.1/request-object-values-win")
class OuterRedirectUriIsFollowed(ReferenceServer):
    """A redirect_uri beside a Request Object is not compared with anything."""

    def merged(self, form: Form, claims: Mapping[str, Any]) -> Form:
        inner = {n: v for n, v in claims.items() if n != "redirect_uri" or n not in form}
        return super().merged(form, inner)

    def redirect_uri_matches(self, registered: str, given: str, client: ClientConfig) -> bool:
        return bool(registered and given and client)


@mutant(breaks="OIDCC-6.1/request-unsupported-error", profile="speakup")
class RequestObjectsAreIgnored(ReferenceServer):
    """A Request Object is ignored where it is not supported."""

    def assembled(self, client: ClientConfig, form: Form) -> Form:
        kept = Form([pair for pair in form.pairs if pair[0] != "request"])
        return super().assembled(client, kept)


@mutant(breaks="OIDCC-6.1/parameters-may-be-split")
class OuterValuesAreIgnored(ReferenceServer):
    """Parameters outside are ignored where there is a Request Object."""

    def merged(self, form: Form, claims: Mapping[str, Any]) -> Form:
        kept = ("client_id", "redirect_uri", "code_challenge", "code_challenge_method")
        return super().merged(Form([(n, form[n]) for n in kept if n in form]), claims)


@mutant(breaks="OIDCC-6.3.3/parameters-assembled")
class PromptInsideIsLost(ReferenceServer):
    """A prompt in the Request Object is not heeded."""

    def merged(self, form: Form, claims: Mapping[str, Any]) -> Form:
        return super().merged(form, {n: v for n, v in claims.items() if n != "prompt"})


@mutant(breaks="OIDCC-3.1.2.6/invalid-request-object-code")
class BadObjectsAreDenied(ReferenceServer):
    """What is no Request Object is access_denied."""

    def request_claims(self, client: ClientConfig, token: str) -> dict[str, Any]:
        try:
            return super().request_claims(client, token)
        except AuthorizationFault as fault:
            raise AuthorizationFault("access_denied", fault.description) from fault


@mutant(breaks="OIDCC-6/request-and-request-uri-exclusive")
class BothKindsOfObject(ReferenceServer):
    """request_uri is ignored beside request."""

    def assembled(self, client: ClientConfig, form: Form) -> Form:
        kept = [pair for pair in form.pairs if pair[0] != "request_uri" or "request" not in form]
        return super().assembled(client, Form(kept))


@mutant(breaks="OIDCC-6.1/no-request-inside-request-object")
class ObjectsMayNest(ReferenceServer):
    """A Request Object inside another one is ignored."""

    def request_claims(self, client: ClientConfig, token: str) -> dict[str, Any]:
        claims = super().request_claims(client, token)
        return {name: value for name, value in claims.items() if name != "request"}


def _all(_value: Any) -> tuple[str, ...]:
    return REQUEST_OBJECT_ALGORITHMS


for one in (
    ("request_object_agrees", "ObjectMayDisagree", "client_id differs inside and outside.",
     "OIDCC-6.1/response-type-and-client-id-match", lambda _: True),
    ("request_object_is_for_us", "ObjectsForOthersAreTaken", "Any audience will do.",
     "OIDCC-6.1/iss-and-aud-of-request-object", lambda _: True),
    ("request_signature_fits", "ObjectSignaturesAreIgnored", "Nobody looks at signatures.",
     "OIDCC-6.3.2/signature-validated", lambda _: True),
    ("request_object_algorithms", "ObjectsOfAnyAlgorithm", "Any algorithm will do.",
     "OIDCC-6.3.2/alg-matches-registration", _all),
    ("request_object_algorithms", "ObjectsMustBeSigned", "alg none is refused always.",
     "OIDCC-6.1/unsigned-request-object-allowed", lambda v: tuple(a for a in v if a != "none")),
    ("metadata", "ObjectsBySomeAlgorithms", "Neither RS256 nor none is listed for objects.",
     "OIDCD-3/request-object-algs",
     lambda d: {**d, "request_object_signing_alg_values_supported": ["ES256"]}),
):  # fmt: skip
    bend(*one)


@mutant(breaks="OIDCC-6.2/request-uri-unsupported-error", profile="speakup")
class RequestUrisAreIgnored(ReferenceServer):
    """A request_uri is ignored where it is not supported."""

    def details_of(
        self, client: ClientConfig, form: Form, types: frozenset[str]
    ) -> dict[str, object]:
        kept = Form([pair for pair in form.pairs if pair[0] != "request_uri"])
        return super().details_of(client, kept, types)


@mutant("OIDCD-3/request-object-algs")
class RsaRequestObjectsAreRefused(ReferenceServer):
    """No Request Object may be signed with RS256, which the metadata list."""

    def request_object_algorithms(self, client: ClientConfig) -> tuple[str, ...]:
        return tuple(alg for alg in super().request_object_algorithms(client) if alg != "RS256")
