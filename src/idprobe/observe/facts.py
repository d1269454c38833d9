"""What is known of a server in the course of a run, and which experiments that leaves out."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from idprobe.errors import EvidenceError
from idprobe.model.profile import (
    Capability,
    Profile,
    Situation,
    missing_because,
    redacted_profile,
)
from idprobe.model.trace import Trace
from idprobe.observe.selection import Selection
from idprobe.probes import Probe

__all__ = ["KEYS", "METADATA", "ServerFacts", "metadata_of"]

METADATA: Final = "metadata_documents"
KEYS: Final = "keys_document"


@dataclass(slots=True, eq=False)
class ServerFacts:
    """The profile, the metadata that were served, and what experiments refuted."""

    profile: Profile
    selection: Selection
    metadata: Mapping[str, Any] = field(default_factory=dict)
    observed: dict[str, str] = field(default_factory=dict)

    @property
    def situation(self) -> Situation:
        """What a check is asked about: whether it applies to this server."""
        return Situation(self.profile, self.metadata, self.observed)

    def missing(self, capability: Capability) -> str | None:
        """Return why the server or the profile lacks a capability, None if it has it."""
        return missing_because(capability, self.profile, self.metadata, self.observed)

    def unfit(self, probe: Probe) -> str | None:
        """Return why a probe cannot be run here, None if it can."""
        if probe.depth > self.selection.depth and not self.selection.is_about(probe.name):
            return f"runs with --depth {probe.depth.name.lower()}"
        if probe.safety > self.selection.safety:
            return f"runs with --safety {probe.safety.name.lower()}"
        for capability in sorted(probe.needs):
            because = self.missing(capability)
            if because is not None:
                return because
        for role in (probe.role, *probe.others):
            if role is not None and self.profile.client_for(role) is None:
                return f"the profile has no client for the role {role.value}"
        if probe.logs_in and not self.profile.users:
            return "the profile has no user who could log in"
        return None

    def record(self) -> dict[str, Any]:
        """Return what the evidence tells of the run (run.json)."""
        return {
            "profile": redacted_profile(self.profile),
            "profile_name": self.profile.name,
            "issuer": self.profile.issuer,
            "metadata": self.metadata,
            "observed": self.observed,
            "depth": self.selection.depth.name.lower(),
            "safety": self.selection.safety.name.lower(),
            "seed": self.selection.seed,
        }


def metadata_of(trace: Trace) -> Mapping[str, Any]:
    """Return the first metadata document of a trace that is a JSON object; empty without one."""
    for exchange in trace:
        if exchange.response is not None and exchange.response.is_success:
            with contextlib.suppress(EvidenceError):
                return exchange.response.json_object
    return {}
