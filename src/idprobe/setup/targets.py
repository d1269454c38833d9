"""What is audited: the profile of a target."""

import os
from collections.abc import Mapping
from pathlib import Path

from idprobe.content import content
from idprobe.errors import UsageError
from idprobe.formats.schemas import nearest
from idprobe.model.profile import Profile, bare_profile, load_profile

__all__ = ["resolve"]


def resolve(target: str | None, environ: Mapping[str, str] = os.environ) -> Profile:
    """Return the profile of a target: a URL, an existing path, or a shipped name.

    Raises ProfileError for a profile that cannot be used, UsageError for a name that is none.
    """
    target = target or "speakup"
    if target.startswith(("http://", "https://")):
        return bare_profile(target)
    if Path(target).exists():
        return load_profile(Path(target), environ)
    shipped = content("fixtures", "providers", f"{target}.toml")
    if shipped.exists():
        return load_profile(shipped, environ)
    names = sorted(path.stem for path in content("fixtures", "providers").glob("*.toml"))
    meant = nearest(target, names)
    hint = f"; did you mean {meant}?" if meant else ""
    raise UsageError(
        f"{target} is neither a URL, nor a profile file, nor a shipped profile "
        f"({', '.join(names)}){hint}"
    )
