"""Resource indicators (RFC 8707): which resources a token is for, and the scope it has there."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from idprobe_reference.core import Core
from idprobe_reference.faults import OAuthFault
from idprobe_reference.requests.forms import Form
from idprobe_reference.stores import AccessToken

__all__ = ["ResourceIndicators", "Target"]

_ABSOLUTE_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!$-;=?-Z_a-z~%@&\[\]]+")


@dataclass(frozen=True, slots=True)
class Target:
    """What one access token is for: the resources that were asked for, and its scope there.

    Without resources it is for the default ones of its scope.
    """

    scope: frozenset[str]
    resources: tuple[str, ...] = ()


class ResourceIndicators(Core):
    """The decisions about the parameter resource; without configured ones it is ignored."""

    def requested_resources(self, form: Form) -> tuple[str, ...]:
        """Return the resources that a request names, each once; raises OAuthFault (section 2)."""
        if not self.config.resources:
            return ()
        values = tuple(dict.fromkeys(value for value in form.everything("resource") if value))
        for value in values:
            if not self.resource_is_well_formed(value):
                raise OAuthFault("invalid_target", "resource is no absolute URI without fragment")
            if not self.resource_is_known(value):
                raise OAuthFault("invalid_target", "this resource is not known here")
        return values

    def resource_is_well_formed(self, value: str) -> bool:
        """Return whether `value` is an absolute URI without a fragment (section 2)."""
        return _ABSOLUTE_URI.fullmatch(value) is not None

    def resource_is_known(self, value: str) -> bool:
        """Return whether a resource is one that tokens are made for, octet for octet."""
        return value in self.config.resources

    def target_of(
        self, asked: tuple[str, ...], granted: tuple[str, ...], scope: frozenset[str]
    ) -> Target:
        """Return what a token is for, within what was granted (section 2.2); raises OAuthFault.

        `granted` are the resources of the authorization request, if it named any.
        """
        if granted and not self.resources_are_granted(asked, granted):
            raise OAuthFault("invalid_target", "this resource was not granted")
        resources = self.chosen_resources(asked, granted)
        if not resources:
            self.check_defaults(scope)
            return Target(scope)
        kept = self.scope_at(resources, scope)
        if not kept:
            raise OAuthFault("invalid_scope", "none of the scope is for this resource")
        if self.is_ambiguous(resources, kept):
            raise OAuthFault("invalid_target", "several of the resources share a scope")
        return Target(kept, resources)

    def resources_are_granted(self, asked: tuple[str, ...], granted: tuple[str, ...]) -> bool:
        """Return whether a token request stays within its grant (section 2.1)."""
        return set(asked) <= set(granted)

    def chosen_resources(self, asked: tuple[str, ...], granted: tuple[str, ...]) -> tuple[str, ...]:
        """Return the resources of a token: those that its request names, else all of the grant."""
        return asked or granted

    def scope_at(self, resources: Iterable[str], scope: frozenset[str]) -> frozenset[str]:
        """Return the part of `scope` that means something to the resources (section 2.2)."""
        return scope & {value for one in resources for value in self.scope_of_resource(one)}

    def scope_of_resource(self, resource: str) -> list[str]:
        """Return the scope values that a resource understands."""
        return self.config.resources.get(resource, "").split()

    def is_ambiguous(self, resources: tuple[str, ...], scope: frozenset[str]) -> bool:
        """Return whether a value could mean several of the resources (RFC 9068 section 3)."""
        return any(
            sum(value in self.scope_of_resource(one) for one in resources) > 1 for value in scope
        )

    def check_defaults(self, scope: frozenset[str]) -> None:
        """Refuse a scope of several resources where none was named (RFC 9068 section 3)."""
        if len(self.default_resources(scope)) > 1:
            raise OAuthFault("invalid_scope", "the scope is of several resources; name them")

    def default_resources(self, scope: frozenset[str]) -> tuple[str, ...]:
        """Return the resources whose scope it is, for a request that names none."""
        found = (one for one in self.config.resources if self.scope_at([one], scope))
        return tuple(found)

    def audience(self, target: Target) -> tuple[str, ...]:
        """Return whom a token is for: what was asked for, or what its scope leads to."""
        if target.resources:
            return target.resources
        scope = target.scope
        places = [self.url("/userinfo")] if "openid" in scope else []
        if self.config.resources:
            places += self.default_resources(scope)
        elif any(value.partition(".")[0] == "api" for value in scope):
            places.append(self.url("/api"))
        return tuple(places) or (self.url("/api"),)

    def is_addressed(self, token: AccessToken, place: str) -> bool:
        """Return whether a resource of ours, by its path, is whom the token is for.

        The interface goes by its URL and by the indicator of the resource with the scope api.
        """
        names = {self.url(place)}
        if place == "/api":
            names |= {one for one in self.config.resources if "api" in self.scope_of_resource(one)}
        return not names.isdisjoint(token.audience)
