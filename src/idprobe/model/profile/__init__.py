"""What server is tested, with which clients and users, and what it can do.

`model` holds the values, `loading` reads them from a file (`values` and `reading` are its steps),
`clients` says which client plays which part, `ordinary` which secrets cannot be covered, `consent`
who allowed the test, `redacted` what a report may show, `restored` reads that back; `terms` (with
`metadata` and `features`) says what the server supports, `capability` what can be tried with this
profile.
"""

from idprobe.model.profile.addresses import (
    host_of,
    is_loopback,
    is_usable_url,
    origin_of,
    place_of,
    secured,
)
from idprobe.model.profile.capability import LISTENER_REACHED, Capability, missing_because
from idprobe.model.profile.clients import Client, Role
from idprobe.model.profile.consent import consent_missing, load_consent_missing
from idprobe.model.profile.loading import bare_profile, load_profile
from idprobe.model.profile.metadata import announced_values
from idprobe.model.profile.model import (
    AssertionGrant,
    Deviation,
    Indicator,
    Limits,
    Listening,
    Login,
    Network,
    Node,
    Profile,
    Provider,
    Target,
    Tls,
    User,
    with_issuer,
)
from idprobe.model.profile.ordinary import is_ordinary, public_texts, weak_secrets
from idprobe.model.profile.redacted import redacted_profile
from idprobe.model.profile.restored import restored_profile
from idprobe.model.profile.situation import Situation
from idprobe.model.profile.terms import check_term, unmet_because

__all__ = [
    "LISTENER_REACHED",
    "AssertionGrant",
    "Capability",
    "Client",
    "Deviation",
    "Indicator",
    "Limits",
    "Listening",
    "Login",
    "Network",
    "Node",
    "Profile",
    "Provider",
    "Role",
    "Situation",
    "Target",
    "Tls",
    "User",
    "announced_values",
    "bare_profile",
    "check_term",
    "consent_missing",
    "host_of",
    "is_loopback",
    "is_ordinary",
    "is_usable_url",
    "load_consent_missing",
    "load_profile",
    "missing_because",
    "origin_of",
    "place_of",
    "public_texts",
    "redacted_profile",
    "restored_profile",
    "secured",
    "unmet_because",
    "weak_secrets",
    "with_issuer",
]
