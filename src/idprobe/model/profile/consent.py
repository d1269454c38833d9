"""Who allowed the test: nobody's server is tested without a named permission."""

from collections.abc import Iterator
from datetime import date
from urllib.parse import urlsplit

from idprobe.model.profile.addresses import host_of, is_loopback, place_of
from idprobe.model.profile.model import Profile

__all__ = ["consent_missing", "load_consent_missing"]


def consent_missing(profile: Profile, today: date, may_test: frozenset[str]) -> str | None:
    """Return why this server may not be tested, in one sentence that says what to add.

    None for loopback, for hosts that `may_test` names (with or without their port), and where
    [target] has authorized_by and an `until` that has not passed.
    """
    strange = [host for host in _strangers(profile) if not _is_named(host, may_test)]
    if not strange:
        return None
    host, target = strange[0], profile.target
    or_option = f"or pass --i-may-test {host}"
    if not target.authorized_by:
        return (
            f"{profile.where}: nobody is named who allows tests of {host}: "
            f"add authorized_by and until to [target], {or_option}"
        )
    if target.until is None:
        return (
            f"{profile.where}: the permission to test {host} has no end: "
            f"add until = YYYY-MM-DD to [target], {or_option}"
        )
    if target.until < today:
        return (
            f"{profile.where}: the permission to test {host} ended on {target.until}: "
            f"ask again and move until in [target], {or_option}"
        )
    return None


def load_consent_missing(profile: Profile, may_load: frozenset[str]) -> str | None:
    """Return why this server may not be loaded: beyond loopback only who runs it can say so.

    What [target] allows is a test; load is asked for by name each time.
    """
    strange = [host for host in _strangers(profile) if not _is_named(host, may_load)]
    if not strange:
        return None
    return (
        f"{profile.where}: load on {strange[0]} can put it out of service for others, whatever "
        f"[target] allows: pass --i-may-load {strange[0]} if its owner agrees"
    )


def _strangers(profile: Profile) -> Iterator[str]:
    """Yield the hosts beyond loopback, the issuer's first."""
    hosts = {host_of(url): url for url in reversed(profile.named_urls)}
    for host, url in sorted(hosts.items(), key=lambda one: (one[0] not in profile.issuer, one[0])):
        address = profile.network.address_for(*place_of(url))
        leaves = address is not None and not is_loopback(f"//{_bracketed(address)}")
        if leaves or not is_loopback(url):
            yield host


def _bracketed(address: str) -> str:
    return f"[{address}]" if address.count(":") > 1 and not address.startswith("[") else address


def _is_named(host: str, may_test: frozenset[str]) -> bool:
    named = {one.strip().lower() for one in may_test}
    return host in named or (urlsplit(f"//{host}").hostname or "") in named
