"""Mutants of resource indicators (RFC 8707, RFC 9068): whom tokens are for."""

# ruff: noqa: D102 - the class of a mutant says what its methods do

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from idprobe_reference.faults import AuthorizationFault, OAuthFault
from idprobe_reference.mutants.bending import bend, having, lacking
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.forms import Form
from idprobe_reference.requests.resource_indicators import Target
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import AccessToken, Code, RefreshToken

ACCEPTED: Final = dict.fromkeys(
    (
        "RFC8707-2.1/unacceptable-resource-invalid-target",
        "RFC8707-2.2/unacceptable-resource-invalid-target",
    ),
    "what should be refused with this code is accepted",
)
TOO_WIDE: Final = dict.fromkeys(
    (
        "RFC8707-2/audience-restricted-to-resource",
        "RFC8707-2.1/request-object-array",
        "RFC8707-2.2/subset-of-granted-resources",
        "RFC8707-2.2/token-request-resource",
        "RFC9068-3/aud-equals-resource",
        "RFC9068-3/scope-decides-default",
        "RFC9068-5/distinct-audiences",
    ),
    "all tokens have the same audience",
)
INVALID_TARGET: Final = "invalid_target"

for one in (
    ("access_token_claims", "MailHasANameOfItsOwn", "Access tokens have the address as mail.",
     "RFC9068-2.2.2/registered-claim-names", having(mail="alice@people.example")),
    ("token_response", "EffectiveScopeIsNotTold", "No token response has scope.",
     "RFC8707-2.2/effective-scope-told", lacking("scope")),
):  # fmt: skip
    bend(*one)


@mutant(breaks="RFC8707-2/resource-absolute-uri", also=ACCEPTED)
class RelativeResourcesAreTaken(ReferenceServer):
    """What has no scheme counts as a resource that is known."""

    def resource_is_well_formed(self, value: str) -> bool:
        return ":" not in value or super().resource_is_well_formed(value)

    def resource_is_known(self, value: str) -> bool:
        return ":" not in value or super().resource_is_known(value)

    def scope_of_resource(self, resource: str) -> list[str]:
        return ["api"] if ":" not in resource else super().scope_of_resource(resource)


@mutant(breaks="RFC8707-2/resource-without-fragment", also=ACCEPTED)
class FragmentsAreCutOff(ReferenceServer):
    """A fragment of resource is passed over."""

    def requested_resources(self, form: Form) -> tuple[str, ...]:
        cut = [(name, value.partition("#")[0]) for name, value in form.pairs]
        return super().requested_resources(Form(cut))


@mutant(
    breaks="RFC8707-2/several-resources",
    also={
        "RFC8707-2.1/unacceptable-resource-invalid-target": "the error is another",
        "RFC8707-2.2/unacceptable-resource-invalid-target": "the error is another",
    },
)
class SeveralResourcesAreMalformed(ReferenceServer):
    """A second resource is a repeated parameter."""

    def requested_resources(self, form: Form) -> tuple[str, ...]:
        if len(form.everything("resource")) > 1:
            raise OAuthFault("invalid_request", "a parameter is repeated")
        return super().requested_resources(form)


@mutant(breaks=list(TOO_WIDE))
class TokensAreForEveryResource(ReferenceServer):
    """Each access token names all resources, whatever was asked for."""

    def audience(self, _target: Target) -> tuple[str, ...]:
        return (self.url("/userinfo"), *self.config.resources)


@mutant(breaks="RFC8707-2.1/omitted-resource")
class ResourceIsARequiredParameter(ReferenceServer):
    """An authorization request without resource is invalid_request."""

    def authorized_resources(
        self, form: Form, scope: tuple[str, ...], types: frozenset[str]
    ) -> tuple[str, ...]:
        if "resource" not in form:
            raise AuthorizationFault("invalid_request", "resource is missing")
        return super().authorized_resources(form, scope, types)


@mutant(breaks="RFC8707-2.1/unacceptable-resource-invalid-target")
class UnknownResourcesAreInvalidRequests(ReferenceServer):
    """The authorization endpoint calls a resource that it does not know invalid_request."""

    def authorized_resources(
        self, form: Form, scope: tuple[str, ...], types: frozenset[str]
    ) -> tuple[str, ...]:
        try:
            return super().authorized_resources(form, scope, types)
        except OAuthFault as fault:
            raise OAuthFault(_renamed(fault.code), fault.description) from fault


@mutant(breaks="RFC8707-2.2/unacceptable-resource-invalid-target")
class TokensOfUnknownResourcesAreInvalidRequests(ReferenceServer):
    """The token endpoint calls a resource that it does not know invalid_request."""

    async def grant_client_credentials(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        try:
            return await super().grant_client_credentials(client, form)
        except OAuthFault as fault:
            raise OAuthFault(_renamed(fault.code), fault.description) from fault


@mutant(breaks=list(ACCEPTED))
class ResourcesAreKnownByTheirBeginning(ReferenceServer):
    """A resource is known if it begins like one that is."""

    def resource_is_known(self, value: str) -> bool:
        return any(value.startswith(known.rstrip("/")) for known in self.config.resources)

    def scope_of_resource(self, resource: str) -> list[str]:
        known = (one for one in self.config.resources if resource.startswith(one.rstrip("/")))
        return super().scope_of_resource(next(known, resource))


@mutant(breaks="RFC8707-2.1/applies-to-whole-grant")
class GrantsBoundNoResource(ReferenceServer):
    """A token request may name a resource that the authorization request did not."""

    def resources_are_granted(self, _asked: tuple[str, ...], _granted: tuple[str, ...]) -> bool:
        return True


@mutant(breaks="RFC8707-2.1/request-object-array")
class OnlyTheFirstMemberCounts(ReferenceServer):
    """Of an array of resources in a Request Object the first is read."""

    def merged(self, form: Form, claims: Mapping[str, Any]) -> Form:
        value = claims.get("resource")
        first = {"resource": value[0]} if isinstance(value, list) else {}
        return super().merged(form, {**claims, **first})


@mutant(
    breaks="RFC8707-2.2/token-request-resource",
    also={"RFC8707-2.2/subset-of-granted-resources": "the code gives a token for both"},
)
class CodesAreRedeemedForEverything(ReferenceServer):
    """At the redemption of a code resource is ignored."""

    def target_for_code(self, code: Code, _form: Form) -> Target:
        return super().target_for_code(code, Form([]))


@mutant(
    breaks="RFC8707-2.2/token-request-resource",
    also={"RFC8707-2.2/subset-of-granted-resources": "the refresh gives a token for both"},
)
class RefreshesAreForEverything(ReferenceServer):
    """At a refresh resource is ignored."""

    def target_for_refresh(self, old: RefreshToken, scope: frozenset[str], _form: Form) -> Target:
        return super().target_for_refresh(old, scope, Form([]))


@mutant(breaks="RFC8707-2.2/subset-of-granted-resources")
class RefreshTokensKeepTheSubset(ReferenceServer):
    """A code that is redeemed for one resource leaves nothing of the others."""

    def target_for_code(self, code: Code, form: Form) -> Target:
        target = super().target_for_code(code, form)
        code.grant.resources = target.resources
        return target


@mutant(breaks=["RFC8707-2.2/scope-downscoped", "RFC9068-2.2.3/scope-fits-audience"])
class ScopeIsNotReduced(ReferenceServer):
    """A token for one resource has all of the scope, that of others too."""

    def target_of(
        self, asked: tuple[str, ...], granted: tuple[str, ...], scope: frozenset[str]
    ) -> Target:
        return replace(super().target_of(asked, granted, scope), scope=scope)


@mutant(breaks="RFC9068-3/aud-equals-resource")
class AudiencesAreOrigins(ReferenceServer):
    """The audience is what stands before the path of resource."""

    def audience(self, target: Target) -> tuple[str, ...]:
        return tuple("/".join(one.split("/")[:3]) for one in super().audience(target))


@mutant(breaks="RFC9068-3/no-ambiguous-token")
class SharedScopesAreForBoth(ReferenceServer):
    """A token for two resources has a scope that means something to each."""

    def is_ambiguous(self, _resources: tuple[str, ...], _scope: frozenset[str]) -> bool:
        return False


@mutant(
    breaks="RFC9068-3/scope-decides-default",
)
class ThereIsOneDefault(ReferenceServer):
    """A token whose request names no resource is for the interface, whatever its scope."""

    def default_resources(self, _scope: frozenset[str]) -> tuple[str, ...]:
        return tuple(self.config.resources)[:1]


@mutant(breaks="RFC9068-3/conflicting-scopes-rejected")
class ScopesOfSeveralDefaultsAreTaken(ReferenceServer):
    """A scope of several resources brings one token for all of them."""

    def check_defaults(self, _scope: frozenset[str]) -> None:
        return


@mutant(breaks="RFC9068-4/audience-validated-by-userinfo")
class UserInfoTakesTokensOfOthers(ReferenceServer):
    """The claims of the user are told to whoever has a token of theirs, whomever it is for."""

    def scope_suffices(self, token: AccessToken, scope: str) -> bool:
        return scope == "openid" or super().scope_suffices(token, scope)

    def is_addressed(self, _token: AccessToken, _place: str) -> bool:
        return True


def _renamed(code: str) -> str:
    return "invalid_request" if code == INVALID_TARGET else code
