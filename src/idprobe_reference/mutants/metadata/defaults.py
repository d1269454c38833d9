"""Mutants that leave a member out of the metadata, and do not keep to its default."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from typing import Any

from idprobe_reference.faults import AuthorizationFault
from idprobe_reference.mutants.bending import lacking
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import AccessToken


@mutant(
    breaks=["OIDCD-3/response-modes-default", "RFC8414-2/response-modes-default"],
    also={"OAUTH2-RT-2.1/fragment-mode": "the fragment is no mode for a code"},
)
class ModesAreNotTold(ReferenceServer):
    """response_modes_supported is not told, and the fragment is no mode for a code."""

    def metadata(self) -> dict[str, Any]:
        document: dict[str, Any] = lacking("response_modes_supported")(super().metadata())
        return document

    def response_mode_for(
        self, form: Form, types: frozenset[str]
    ) -> tuple[str, AuthorizationFault | None]:
        if form.get("response_mode") == "fragment":
            return "query", AuthorizationFault("invalid_request", "no fragment here")
        return super().response_mode_for(form, types)


@mutant(breaks="OIDCD-3/claim-types-default-normal")
class ClaimsComeFromElsewhere(ReferenceServer):
    """claim_types_supported is not told, and UserInfo points elsewhere."""

    def metadata(self) -> dict[str, Any]:
        document: dict[str, Any] = lacking("claim_types_supported")(super().metadata())
        return document

    def userinfo_claims(self, token: AccessToken) -> dict[str, Any]:
        sources = {"shop": {"endpoint": "https://shop.example/claims"}}
        named = {"_claim_names": {"credit": "shop"}, "_claim_sources": sources}
        return {**super().userinfo_claims(token), **named}


@mutant(breaks="OIDCD-3/request-uri-default-true")
class ReferencesAreNotTold(ReferenceServer):
    """request_uri_parameter_supported is not told, and references are not supported."""

    def metadata(self) -> dict[str, Any]:
        document: dict[str, Any] = lacking("request_uri_parameter_supported")(super().metadata())
        return document

    def object_named(self, client: ClientConfig, form: Form) -> str | None:
        if "request_uri" in form:
            raise AuthorizationFault("request_uri_not_supported", "no references here")
        return super().object_named(client, form)
