"""Pools of clients and users for load, from CSV files that a profile names.

`[load] user_pool` has the columns username, password and maybe totp_secret; `client_pool` has
client_id, client_secret and maybe like, the name of the client under [clients] that a row is like
in all else (by default the first).
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from idprobe.errors import ProfileError
from idprobe.model.profile import Client, Profile, User

__all__ = ["with_pools"]

MOST_ROWS: Final = 100_000
MOST_BYTES: Final = 50_000_000
USERS: Final = "user_pool"
CLIENTS: Final = "client_pool"

Row = Mapping[str, str]


def with_pools(profile: Profile) -> Profile:
    """Return the profile with the clients and users of its pools beside its own.

    Raises ProfileError that names the file, and the line where one is wrong.
    """
    clients = {one.name: one for one in _clients(profile)}
    users = {one.name: one for one in _users(profile)}
    return replace(
        profile, clients={**profile.clients, **clients}, users={**profile.users, **users}
    )


def _users(profile: Profile) -> Iterator[User]:
    for line, row in _rows(profile, USERS, {"username", "password"}, {"totp_secret"}):
        secret = row.get("totp_secret") or None
        yield User(f"pool-{line}", row["username"], row["password"], secret)


def _clients(profile: Profile) -> Iterator[Client]:
    for line, row in _rows(profile, CLIENTS, {"client_id", "client_secret"}, {"like"}):
        name = row.get("like") or next(iter(profile.clients), "")
        if name not in profile.clients:
            fix = f"line {line} is like client {name!r}, which is not under [clients]"
            raise ProfileError(profile.where, f"load.{CLIENTS}", fix)
        template = profile.clients[name]
        yield replace(
            template,
            name=f"{name}-{line}",
            client_id=row["client_id"],
            client_secret=row["client_secret"] or None,
        )


def _rows(
    profile: Profile, member: str, needed: set[str], optional: set[str]
) -> Iterator[tuple[int, Row]]:
    """Yield the line number and the columns of each row of a pool; nothing without a pool."""
    told = profile.extras.get("load", {}).get(member)
    if told is None:
        return
    path = Path(profile.where).parent / str(told)

    def wrong(what: str) -> ProfileError:
        return ProfileError(profile.where, f"load.{member}", f"{path}: {what}")

    try:
        if path.stat().st_size > MOST_BYTES:
            raise wrong(f"is larger than {MOST_BYTES // 1_000_000} MB: split it")
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            columns = set(reader.fieldnames or ())
            if not needed <= columns or columns - needed - optional:
                names = ", ".join(sorted(needed))
                also = ", ".join(sorted(optional))
                raise wrong(f"its first line must name the columns {names}, and may name {also}")
            for number, row in enumerate(reader, start=2):
                if number > MOST_ROWS + 1:
                    raise wrong(f"has more than {MOST_ROWS} rows: use fewer")
                if None in row or None in row.values():
                    raise wrong(f"line {number} has not as many columns as the first")
                yield number, row
    except OSError as error:
        raise wrong(f"cannot be read ({error.strerror})") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise wrong(f"is no CSV in UTF-8 ({error})") from None
