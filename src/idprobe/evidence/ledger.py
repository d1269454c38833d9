"""The registrations that we owe to delete, written down from the moment they exist.

One file for each client, readable by its owner alone: what one run adds or removes never meets
another's. Nothing of it goes into the evidence.
"""

import contextlib
import hashlib
import json
import os
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from idprobe.errors import UsageError
from idprobe.model.profile import Profile

__all__ = ["Ledger", "Owed", "ledger_for", "left_behind", "state_folder"]

FOLDER: Final = Path("idprobe", "registered")
PIDS: Final = 1 << 31
"""No system numbers its processes beyond that."""
RUN: Final = secrets.token_hex(8)
"""Names this process in what it writes down; a number of the system would come again."""


@dataclass(frozen=True, slots=True)
class Owed:
    """One client that was registered and has to be deleted (RFC 7592 section 2.3)."""

    issuer: str
    client_id: str
    registration_client_uri: str | None = None
    registration_access_token: str | None = field(default=None, repr=False)
    ca_file: str | None = None
    registered_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat())
    run: str = RUN
    pid: int | None = field(default_factory=os.getpid)
    """The process that registered it; None if that was not written down."""

    @property
    def can_be_deleted(self) -> bool:
        """Whether the server said where and with what token."""
        return bool(self.registration_client_uri and self.registration_access_token)

    @property
    def may_be_in_use(self) -> bool:
        """Whether the audit that registered it may still run, in another process."""
        return self.pid not in {None, os.getpid()} and _is_running(self.pid or 0)


class Ledger:
    """What is owed; without a folder it forgets, as a server does that ends with the run."""

    def __init__(self, folder: Path | None) -> None:
        self._folder: Final = folder

    def prepare(self) -> None:
        """Make sure that we can write; raises UsageError, best before anything is registered."""
        if self._folder is None:
            return
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self._folder):
                pass
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise UsageError(
                f"{self._folder} cannot be written ({why}), so a registered client would be lost: "
                f"let XDG_STATE_HOME name another folder"
            ) from None

    def keep(self, owed: Owed) -> None:
        """Write a client down, or write down what is new of it."""
        if self._folder is None:
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        number, temporary = tempfile.mkstemp(dir=self._folder, suffix=".part")  # mode 0600
        with os.fdopen(number, "wb") as file:
            file.write(json.dumps(asdict(owed)).encode())
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(self._place(owed))

    def drop(self, owed: Owed) -> None:
        """Forget a client: it is gone from the server."""
        if self._folder is not None:
            self._place(owed).unlink(missing_ok=True)

    def owed(self) -> list[Owed]:
        """Return what is owed, oldest first; a file that cannot be read is left alone."""
        if self._folder is None or not self._folder.is_dir():
            return []
        found = []
        for path in self._folder.glob("*.json"):
            with contextlib.suppress(OSError, ValueError, TypeError, RecursionError):
                found.append(_read(json.loads(path.read_bytes())))
        return sorted(found, key=lambda one: one.registered_at)

    def left_by_us(self, issuer: str) -> list[Owed]:
        """Return what this process has left at a server."""
        return [one for one in self.owed() if one.run == RUN and one.issuer == issuer]

    def _place(self, owed: Owed) -> Path:
        digest = hashlib.sha256(f"{owed.issuer}\0{owed.client_id}".encode(errors="surrogatepass"))
        return (self._folder or Path()) / f"{digest.hexdigest()[:32]}.json"


def _read(members: Any) -> Owed:
    """Return what a file of ours says; raises TypeError or ValueError for anything else."""
    owed = Owed(**{"pid": None, **members})
    texts = owed.issuer, owed.client_id, owed.registered_at, owed.run
    others = owed.registration_client_uri, owed.registration_access_token, owed.ca_file
    sound = all(isinstance(one, str) for one in texts)
    sound = sound and all(one is None or isinstance(one, str) for one in others)
    pid: Any = owed.pid
    known = isinstance(pid, int) and not isinstance(pid, bool) and 0 < pid < PIDS
    if not sound or not (pid is None or known):
        raise ValueError("a member is not of its kind")
    return owed


def _is_running(pid: int) -> bool:
    """Return whether there is a process of that number; Windows cannot be asked without harm."""
    if os.name == "nt":
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def state_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return where the state of idprobe lives (XDG Base Directory: XDG_STATE_HOME)."""
    given = Path(environ.get("XDG_STATE_HOME", ""))
    home = given if given.is_absolute() else Path.home() / ".local" / "state"
    return home / FOLDER


def ledger_for(profile: Profile, environ: Mapping[str, str] = os.environ) -> Ledger:
    """Return the ledger of a target; the embedded server takes its clients with it."""
    return Ledger(None if profile.embedded is not None else state_folder(environ))


def left_behind(profile: Profile) -> str | None:
    """Return the one sentence about registered clients that are still at the server."""
    left = ledger_for(profile).left_by_us(profile.issuer)
    if not left:
        return None
    what = "a registered client is" if len(left) == 1 else f"{len(left)} registered clients are"
    return f"{what} still at {profile.issuer}: `idprobe cleanup` deletes what can be deleted"
