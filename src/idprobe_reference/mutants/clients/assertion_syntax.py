"""Mutants that read client assertions, and the requests with them, too loosely."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

import json
from dataclasses import replace
from typing import Any

from starlette.requests import Request

from idprobe_reference.faults import OAuthFault
from idprobe_reference.mutants.clients.assertion_parts import (
    Claims,
    decoded,
    object_in,
    read_claims,
    signed_octets,
)
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.client_authentication import Presented
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig


@mutant(
    breaks=[
        "RFC7519-7.2/malformed-jwt-rejected",
        "RFC7523-3/otherwise-invalid-jwt-rejected",
    ]
)
class StrayMarksArePassedOver(ReferenceServer):
    """What does not belong into base64url is passed over."""

    def verified_assertion(self, client: ClientConfig, assertion: str) -> Claims | None:
        return read_claims(self, client, assertion, json.loads)


@mutant(breaks="RFC7515-10.12/strict-json")
class TextAfterHeadersIsPassedOver(ReferenceServer):
    """What follows the JSON of a header is not read."""

    def verified_assertion(self, client: ClientConfig, assertion: str) -> Claims | None:
        try:
            header = decoded(assertion.partition(".")[0]).decode()
            _, end = json.JSONDecoder().raw_decode(header)
        except ValueError:
            return super().verified_assertion(client, assertion)
        is_signed = signed_octets(self, client, assertion) is not None
        if end < len(header) and is_signed:
            return object_in(assertion, 1)
        return super().verified_assertion(client, assertion)


@mutant(breaks="RFC7519-7.2/malformed-jwt-rejected")
class TrailingTextIsPassedOver(ReferenceServer):
    """What follows the claims is not read."""

    def verified_assertion(self, client: ClientConfig, assertion: str) -> Claims | None:
        usual = super().verified_assertion(client, assertion)
        if usual is not None or "!" in assertion or " " in assertion or "\n" in assertion:
            return usual
        read = json.JSONDecoder().raw_decode
        return read_claims(self, client, assertion, lambda octets: read(octets.decode())[0])


@mutant(
    breaks=[
        "RFC7519-4/duplicate-claims-in-received-jwt",
        "RFC7523-3/otherwise-invalid-jwt-rejected",
    ]
)
class FirstOfTwoClaimsCounts(ReferenceServer):
    """Where a claim comes twice, the first one counts."""

    def verified_assertion(self, client: ClientConfig, assertion: str) -> Claims | None:
        usual = super().verified_assertion(client, assertion)
        if usual is None:
            return None
        return read_claims(self, client, assertion, _first_of_each)


def _first_of_each(octets: bytes) -> Any:
    return json.loads(octets, object_pairs_hook=lambda pairs: dict(reversed(pairs)))


@mutant(breaks="RFC7523-2.2/single-jwt-client-assertion")
class FirstOfTwoAssertionsCounts(ReferenceServer):
    """Of two assertions in one parameter the first one counts."""

    def client_of_assertion(self, presented: Presented) -> ClientConfig:
        first = presented.assertion.partition(" ")[0]
        return super().client_of_assertion(replace(presented, assertion=first))


@mutant(
    breaks=[
        "RFC7521-4.2/client-assertion-parameters-required",
        "RFC7523-2.2/client-assertion-type-value",
        "OIDCC-9/assertion-parameters",
    ]
)
class AnyAssertionTypeWillDo(ReferenceServer):
    """Every type of client assertion is taken for that of a JWT."""

    def assertion_type_fits(self, value: str) -> bool:
        del value
        return True


@mutant(breaks="RFC7521-4.2/client-id-same-client")
class ClientIdMayDiffer(ReferenceServer):
    """A client_id that names another client than the assertion is passed over."""

    def named_client_fits(self, client: ClientConfig, client_id: str | None) -> bool:
        del client, client_id
        return True


@mutant(
    breaks=["RFC7521-4.2.1/invalid-client", "RFC7523-3.2/invalid-client"],
    also={"RFC7523-2.2/single-jwt-client-assertion": "its refusal has the wrong code too"},
)
class BadAssertionsAreBadGrants(ReferenceServer):
    """A bad client assertion is answered as if the grant were bad."""

    def client_of_assertion(self, presented: Presented) -> ClientConfig:
        try:
            return super().client_of_assertion(presented)
        except OAuthFault as fault:
            raise OAuthFault("invalid_grant", fault.description) from fault


@mutant("RFC6749-2.3.1/credentials-not-in-uri")
class AssertionsMayBeInTheUri(ReferenceServer):
    """An assertion in the request URI is as good as one in the body."""

    def check_query_credentials(self, request: Request) -> None:
        if "client_secret" in request.query_params:
            super().check_query_credentials(request)

    def presented_credentials(self, request: Request, form: Form) -> Presented:
        given = {k: v for k, v in request.query_params.items() if k.startswith("client_assertion")}
        return super().presented_credentials(request, Form([*form.items(), *given.items()]))
