"""Mutants of the claims request parameter (OpenID Connect Core section 5.5)."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from idprobe_reference.faults import AuthorizationFault
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.forms import Form
from idprobe_reference.requests.requested_claims import NO_CLAIMS, ClaimRequest, RequestedClaims
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import AccessToken, Grant
from idprobe_reference.tokens.issuing import IdTokenContext


@mutant(
    breaks=[
        "OIDCC-5.5/userinfo-member-adds-claims",
        "OIDCC-5.5.1/null-request",
    ],
    also={"OIDCC-5.5.1/unknown-qualifiers-ignored": "UserInfo tells no claim by name"},
)
class UserInfoForgetsNames(ReferenceServer):
    """UserInfo tells what the scope covers, and nothing that was asked for by name."""

    def userinfo_claims(self, token: AccessToken) -> dict[str, Any]:
        return {"sub": token.grant.sub, **self.user_claims(token.grant, token.scope)}


@mutant(breaks="OIDCC-5.5.1/null-request")
class NullAsksForNothing(ReferenceServer):
    """A claim that is asked for by null does not come."""

    def requested_user_claims(
        self, grant: Grant, asked: Mapping[str, ClaimRequest]
    ) -> dict[str, Any]:
        loud = {n: r for n, r in asked.items() if r.essential or r.values or n == "email"}
        return super().requested_user_claims(grant, loud)


@mutant(breaks="OIDCC-5.5/id-token-member-adds-claims")
class IdTokenForgetsNames(ReferenceServer):
    """ID tokens tell nothing about a person that was asked for by name."""

    def id_token_claims(
        self, client: ClientConfig, grant: Grant, context: IdTokenContext
    ) -> dict[str, Any]:
        claims = super().id_token_claims(client, grant, context)
        return {
            n: one
            for n, one in claims.items()
            if n not in grant.claims.id_token or n in {"acr", "auth_time", "sub"}
        }


@mutant(
    breaks="OIDCC-2/auth-time-when-essential",
    also={"OIDCC-5.5/id-token-member-adds-claims": "auth_time was asked for by name"},
)
class EssentialAuthTimeIsLost(ReferenceServer):
    """auth_time is missing where claims asked for it."""

    def id_token_claims(
        self, client: ClientConfig, grant: Grant, context: IdTokenContext
    ) -> dict[str, Any]:
        claims = super().id_token_claims(client, grant, context)
        if "auth_time" in grant.claims.id_token:
            del claims["auth_time"]
        return claims


@mutant(breaks="OIDCC-5.5/unknown-members-ignored")
class UnknownMembersOfClaimsAreErrors(ReferenceServer):
    """A member of claims that nobody knows is an error."""

    def requested_claims(self, form: Form) -> RequestedClaims:
        if "xyz_unknown" in form.get("claims", "") and '"a"' in form["claims"]:
            raise AuthorizationFault("invalid_request", "claims has an unknown member")
        return super().requested_claims(form)


@mutant(breaks="OIDCC-5.5.1/unknown-qualifiers-ignored")
class UnknownQualifiersHideClaims(ReferenceServer):
    """A claim that is asked for with an unknown member is an error."""

    def requested_claims(self, form: Form) -> RequestedClaims:
        if '"xyz_unknown":7' in form.get("claims", ""):
            raise AuthorizationFault("invalid_request", "a claim has an unknown member")
        return super().requested_claims(form)


@mutant(breaks="OIDCC-5.5.1/missing-essential-claim-no-error")
class UnavailableEssentialClaimIsAnError(ReferenceServer):
    """An Essential claim that is not known is an error."""

    def requested_claims(self, form: Form) -> RequestedClaims:
        asked = super().requested_claims(form)
        known = {"acr", "auth_time", *next(iter(self.users.values())).claims}
        if any(r.essential and n not in known for n, r in asked.userinfo.items()):
            raise AuthorizationFault("access_denied", "that claim cannot be had")
        return asked


@mutant(breaks="OIDCC-5.5.1/value-mismatch-omits-claim")
class RequestedValueIsNotCompared(ReferenceServer):
    """A claim comes whatever value was asked for."""

    def requested_user_claims(
        self, grant: Grant, asked: Mapping[str, ClaimRequest]
    ) -> dict[str, Any]:
        return super().requested_user_claims(grant, dict.fromkeys(asked, ClaimRequest()))


@mutant(breaks="OIDCC-5.5.2/other-language-is-tagged")
class LanguageTagsAreCutOff(ReferenceServer):
    """A claim that is asked for in a language comes in any, without a tag."""

    def requested_user_claims(
        self, grant: Grant, asked: Mapping[str, ClaimRequest]
    ) -> dict[str, Any]:
        plain = {name.partition("#")[0]: request for name, request in asked.items()}
        return super().requested_user_claims(grant, plain)


@mutant(breaks="OIDCC-5.5/unsupported-claims-parameter-tolerated", profile="speakup")
class ClaimsParameterIsRefused(ReferenceServer):
    """The claims parameter is an error where it is not supported."""

    def requested_claims(self, form: Form) -> RequestedClaims:
        if "claims" in form:
            raise AuthorizationFault("invalid_request", "claims is not supported")
        return NO_CLAIMS


@mutant(breaks="OIDCC-5.5.1.1/essential-acr-unmet-fails")
class EssentialAcrIsAWish(ReferenceServer):
    """An Essential acr that is not reached does no harm."""

    def check_acr(self, claims: RequestedClaims) -> None:
        del claims


@mutant(breaks="OIDCC-5.5.1.1/essential-acr-value-returned")
class AcrIsLostWhenEssential(ReferenceServer):
    """ID tokens tell no acr where one is Essential."""

    def id_token_claims(
        self, client: ClientConfig, grant: Grant, context: IdTokenContext
    ) -> dict[str, Any]:
        claims = super().id_token_claims(client, grant, context)
        asked = grant.claims.id_token.get("acr")
        if asked is not None and asked.essential:
            del claims["acr"]
        return claims


@mutant(breaks="OIDCC-5.5.1.1/voluntary-acr-unmet-returns-current")
class VoluntaryAcrIsClaimed(ReferenceServer):
    """ID tokens tell the acr that was asked for, reached or not."""

    def id_token_claims(
        self, client: ClientConfig, grant: Grant, context: IdTokenContext
    ) -> dict[str, Any]:
        claims = super().id_token_claims(client, grant, context)
        asked = grant.claims.id_token.get("acr")
        if asked is not None and asked.values:
            claims["acr"] = asked.values[0]
        return claims


@mutant(breaks="OIDCC-3.1.2.2/requested-sub-only")
class RequestedSubIsIgnored(ReferenceServer):
    """Whoever is logged in is served, whatever sub was asked for."""

    def wanted_sub(self, hinted: str | None, claims: RequestedClaims) -> str | None:
        del claims
        return hinted


@mutant(
    breaks="OIDCC-3.1.2.2/no-token-for-another-user",
    also={"OIDCC-3.1.2.2/requested-sub-only": "whoever is logged in is served"},
)
class RequestedSubIsClaimed(RequestedSubIsIgnored):
    """The ID token is of the user who was asked for last, whoever is logged in."""

    def id_token_claims(
        self, client: ClientConfig, grant: Grant, context: IdTokenContext
    ) -> dict[str, Any]:
        claims = super().id_token_claims(client, grant, context)
        asked = grant.claims.id_token.get("sub")
        return {**claims, "sub": asked.values[-1]} if asked and asked.values else claims


@mutant(
    breaks="OIDCC-3.1.2.1/acr-values-voluntary",
    also={"OIDCC-5.5.1.1/voluntary-acr-unmet-returns-current": "every acr is claimed"},
)
class AcrValuesAreClaimed(VoluntaryAcrIsClaimed):
    """ID tokens tell the first of acr_values, reached or not."""

    def requested_claims(self, form: Form) -> RequestedClaims:
        claims, wish = super().requested_claims(form), form.get("acr_values", "").split()
        if not wish:
            return claims
        return replace(claims, id_token={**claims.id_token, "acr": ClaimRequest(values=(wish[0],))})


@mutant(breaks="OIDCC-3.1.2.2/any-error-gets-error-response")
class BrokenClaimsBreakTheServer(ReferenceServer):
    """A claims parameter that cannot be read is a server_error."""

    def requested_claims(self, form: Form) -> RequestedClaims:
        try:
            return super().requested_claims(form)
        except AuthorizationFault as fault:
            raise AuthorizationFault("server_error", fault.description) from fault
