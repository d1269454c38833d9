"""What is audited: the profile of a target, and the embedded server if that is it."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from idprobe.content import content
from idprobe.errors import UsageError
from idprobe.profile import Profile, bare_profile, load_profile, with_issuer
from idprobe.schemas import nearest

__all__ = ["reached", "resolve"]


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


@contextlib.contextmanager
def reached(profile: Profile, *, tls: bool = False) -> Iterator[Profile]:
    """Start the embedded server if the profile asks for it; yield the profile with its issuer."""
    if profile.embedded is None:
        yield profile
        return
    from idprobe.reference.config import reference_config, speakup_config  # noqa: PLC0415 -- a
    from idprobe.reference.running import serve  # noqa: PLC0415 -- whole server, only now needed

    config = reference_config() if profile.embedded == "reference" else speakup_config()
    with serve(config, tls=tls) as server:
        yield with_issuer(profile, server.issuer, server.ca_file)
