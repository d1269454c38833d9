"""Reading a profile: from a file, or from nothing but an issuer."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from idprobe.errors import ProfileError
from idprobe.formats.bounded import as_text, read_bounded
from idprobe.formats.schemas import first_schema_flaw
from idprobe.model.profile.addresses import host_of, is_usable_url
from idprobe.model.profile.model import Profile, polite_limits
from idprobe.model.profile.ordinary import refuses_weak_secrets, weak_secrets
from idprobe.model.profile.reading import read_profile
from idprobe.model.profile.values import Source, resolved, with_dates_as_text

__all__ = ["bare_profile", "load_profile"]

_MOST_BYTES: Final = 16 * 2**20


def load_profile(path: Path, environ: Mapping[str, str]) -> Profile:
    """Return the profile in a TOML file; ProfileError names the file, the key and the fix."""
    source = Source(path, environ)
    document = _parsed(source)
    _hold_to_schema(document, source)
    document = resolved(document, source)
    _hold_to_schema(document, source)
    profile = read_profile(document, source)
    if refuses_weak_secrets(profile):
        for key, why in weak_secrets(profile):
            raise source.error(key, f"{why}, so that reports cannot hide it: use another one")
    return profile


def bare_profile(issuer_url: str) -> Profile:
    """Return the profile of a server of which only the issuer is known: no clients, no users."""
    if not is_usable_url(issuer_url):
        fix = "must be an absolute http or https URL, without a user name"
        raise ProfileError("the command line", "issuer", fix)
    limits = polite_limits(issuer_url)
    return Profile(name=host_of(issuer_url), where=issuer_url, issuer=issuer_url, limits=limits)


def _parsed(source: Source) -> dict[str, Any]:
    try:
        text = as_text(read_bounded(source.path, _MOST_BYTES), "utf-8-sig")
        parsed: dict[str, Any] = with_dates_as_text(tomllib.loads(text))
    except FileNotFoundError:
        raise source.error("", "there is no such file: check the path") from None
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise source.error("", f"cannot be read ({why}): check the path") from None
    except UnicodeDecodeError as error:
        fix = f"is not UTF-8 (byte {error.start}): save it as UTF-8"
        raise source.error("", fix) from None
    except ValueError as error:  # a TOMLDecodeError, or a number longer than Python reads
        raise source.error("", f"is not TOML: {_told(error)}: fix that line") from None
    except RecursionError:
        raise source.error("", "is not TOML that we read: it nests too deep") from None
    return parsed


def _told(error: ValueError) -> str:
    """Return what the parser says, with a small first letter; it quotes single characters only."""
    text = str(error)
    return text[:1].lower() + text[1:]


def _hold_to_schema(document: Any, source: Source) -> None:
    flaw = first_schema_flaw(document, "profile")
    if flaw is not None:
        raise source.error(flaw.path, flaw.fix)
