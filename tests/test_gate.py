"""The gate over the life of a build: what fails it, what does not, and what the profile learns."""

import contextlib
import json
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from idprobe_reference.config import reference_config
from idprobe_reference.mutants import mutant_named
from idprobe_reference.running import serve
from idprobe_reference.server import ReferenceServer

NO_STORE: Final = "RFC6749-5.1/cache-control-no-store"
STATUS: Final = "RFC7009-2.2/status-200"
KEYWORD: Final = f"{NO_STORE} or {STATUS}"

PROFILE: Final = """\
# Our server.
issuer = "{issuer}"
standards = ["oauth2.0"]

[clients.web]
client_id = "web"
client_secret = "web-secret-not-secret-5e1c0b7a93d24f68"
grant_types = ["authorization_code", "refresh_token"]
redirect_uris = ["https://client.example/cb"]
scope = "openid profile offline_access api"

[users.alice]
username = "alice"
password = "alice-password-not-secret"
"""


class WithoutRevocation(ReferenceServer):
    """The reference provider with an endpoint that its metadata no longer name."""

    def metadata(self) -> dict[str, Any]:
        found = super().metadata()
        return {name: found[name] for name in found if "revocation" not in name}


@dataclass
class Build:
    """A release of the server in turn, and the gate before it."""

    folder: Path
    port: int

    @contextlib.contextmanager
    def released(self, server: type[ReferenceServer] = ReferenceServer) -> Iterator[None]:
        with serve(reference_config(), port=self.port, server_class=server):
            yield

    def gate(self, out: str, *options: str) -> tuple[int, dict[str, Any]]:
        done = self.idprobe("audit", "acme.toml", "-k", KEYWORD, "-o", out, *options)
        record = (self.folder / out / "results.json").read_text(encoding="utf-8")
        return done.returncode, json.loads(record)

    def idprobe(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "idprobe", *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture
def build(tmp_path: Path) -> Build:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    text = PROFILE.format(issuer=f"http://127.0.0.1:{port}")
    (tmp_path / "acme.toml").write_text(text, encoding="utf-8")
    return Build(tmp_path, port)


def test_the_life_of_a_build_at_the_gate(build: Build) -> None:
    profile = build.folder / "acme.toml"
    with build.released():
        green, _ = build.gate("green")
    with build.released(mutant_named("TokensMayBeKept").server_class):
        regressed, _ = build.gate("regressed", "--update-deviations")
        declared, _ = build.gate("declared")
    (deviation,) = tomllib.loads(profile.read_text(encoding="utf-8"))["deviations"]
    with build.released():
        mended, told = build.gate("mended")
        strict, _ = build.gate("strict", "--strict-deviations", "--update-deviations")
    with build.released(WithoutRevocation):
        unnoticed, _ = build.gate("unnoticed")
        dropped, lost = build.gate("dropped", "--baseline", "green")

    assert (green, regressed, declared) == (0, 1, 0)
    assert deviation["requirement"] == NO_STORE
    assert (mended, strict) == (0, 1)
    assert told["gate"]["gone"] == [NO_STORE]
    assert "deviations" not in tomllib.loads(profile.read_text(encoding="utf-8"))
    assert (unnoticed, dropped) == (0, 1)
    assert lost["gate"]["coverage_regressions"] == [STATUS]
    assert [build.idprobe("diff", *pair.split()).returncode for pair in PAIRS] == [1, 0, 0, 1]


PAIRS: Final = ("green regressed", "green declared", "regressed mended", "green dropped")


def test_what_flickers_is_put_into_quarantine_until_a_day(build: Build) -> None:
    profile = build.folder / "acme.toml"
    broken = mutant_named("TokensMayBeKept").server_class
    with build.released():
        build.gate("once", "--build", "7")
    with build.released(broken):
        before, _ = build.gate("again", "--build", "7")
        written = build.idprobe("diff", "once", "again", "--quarantine", "acme.toml")
        during, record = build.gate("during", "--build", "7")
        other = build.idprobe("diff", "once", "during", "--json")
        text = profile.read_text(encoding="utf-8")
        (entry,) = tomllib.loads(text)["quarantine"]
        profile.write_text(text.replace(str(entry["until"]), "2020-01-01"), encoding="utf-8")
        after, told = build.gate("after", "--build", "7")

    assert (before, written.returncode, during, after) == (1, 1, 0, 1)
    assert entry["requirement"] == NO_STORE
    assert "flickers" in written.stdout
    assert record["gate"]["quarantined"] == [NO_STORE]
    assert any("not counted" in note and "violated" in note for note in record["notes"])
    (told_of,) = (
        one for one in json.loads(other.stdout)["differences"] if one["requirement"] == NO_STORE
    )
    assert (told_of["kind"], told_of["regressed"]) == ("flickers", False)
    assert told["gate"]["quarantined"] == []
    assert any("ended on 2020-01-01: it counts again" in note for note in told["notes"])


def test_a_lost_test_in_quarantine_is_no_coverage_regression(build: Build) -> None:
    held = f'\n[[quarantine]]\nrequirement = "{STATUS}"\nbecause = "luck"\nuntil = 2999-01-01\n'
    with build.released():
        build.gate("green")
    with (build.folder / "acme.toml").open("a", encoding="utf-8") as profile:
        profile.write(held)
    with build.released(WithoutRevocation):
        code, record = build.gate("dropped", "--baseline", "green")

    assert code == 0
    assert record["gate"]["coverage_regressions"] == []


def test_quarantine_needs_two_runs_of_one_build(build: Build) -> None:
    with build.released():
        build.gate("old", "--build", "7")
        build.gate("new", "--build", "8")

    refused = build.idprobe("diff", "old", "new", "--quarantine", "acme.toml")

    assert refused.returncode == 2
    assert "give both runs the same --build" in refused.stderr


def test_an_expired_deviation_counts_again(build: Build) -> None:
    declared = (
        f'\n[[deviations]]\nrequirement = "{NO_STORE}"\nbecause = "soon"\nuntil = 2020-01-01\n'
    )
    with (build.folder / "acme.toml").open("a", encoding="utf-8") as profile:
        profile.write(declared)

    with build.released(mutant_named("TokensMayBeKept").server_class):
        code, record = build.gate("out")

    assert code == 1
    assert record["gate"]["expired"] == [NO_STORE]
    assert any("expired on 2020-01-01 and counts again" in note for note in record["notes"])
