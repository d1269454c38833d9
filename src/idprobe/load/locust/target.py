"""The server that a Locust process loads: its profile, and the consent of its owner."""

import os
from pathlib import Path

from idprobe.content import content
from idprobe.errors import UsageError
from idprobe.load.pools import with_pools
from idprobe.load.run.plan import MAY_LOAD, reachable
from idprobe.model.profile import Profile, load_consent_missing, load_profile

__all__ = ["target_profile"]


def target_profile(target: str) -> Profile:
    """Return the profile in a file, or the shipped one of that name; raises ProfileError.

    Raises UsageError where nobody has said that its server may be put under load.
    """
    path = Path(target)
    if not path.exists():
        shipped = content("fixtures", "providers", f"{target}.toml")
        path = shipped if shipped.exists() else path
    profile = reachable(with_pools(load_profile(path, os.environ)))
    may_load = frozenset(filter(None, os.environ.get(MAY_LOAD, "").split(",")))
    missing = load_consent_missing(profile, may_load)
    if missing is not None:
        raise UsageError(missing)
    return profile
