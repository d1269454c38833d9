"""No planted secret is in any output of any verb, however the server spells it."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from tests.hostile.wire import playing
from tests.planted.echo import Echo, planted_server, profile_text
from tests.planted.outputs import found_in, texts_of
from tests.planted.secrets import PLANTED, SPELLINGS, WEAK

from idprobe.content import content
from idprobe.errors import ProfileError
from idprobe.model.profile import load_profile

SHIPPED: Final = content("fixtures", "providers", "speakup.toml")
SOME: Final = "RFC6749-5 or OIDCC-3.1.2.1"
"""What the audits of this test judge: enough that each pair is echoed."""


@dataclass
class Run:
    """What the verbs left: a folder, and what each printed."""

    folder: Path
    said: dict[str, str]
    shown: int
    pairs: int
    registered: frozenset[str]


def said_by(folder: Path, *words: str, **environment: str) -> str:
    """Return all that a call printed."""
    done = subprocess.run(
        [sys.executable, "-m", "idprobe", *words],
        capture_output=True, cwd=folder, check=False, timeout=500,
        env={**os.environ, "XDG_STATE_HOME": str(folder / "state"), **environment},
    )  # fmt: skip
    said = (done.stdout + done.stderr).decode()
    assert "Traceback" not in said
    # a machine that is busy with other tests makes a load run void
    assert done.returncode in {0, 1, 3, *([4] if words[0] == "load" else [])}, said
    return said


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The verbs, called at a server that repeats every secret in every spelling."""
    folder = tmp_path_factory.mktemp("planted")
    echo = Echo()
    with playing(echo, planted_server) as stage:
        profile = folder / "planted.toml"
        shipped = SHIPPED.read_text(encoding="utf-8")
        profile.write_text(profile_text(shipped, stage.issuer), encoding="utf-8")
        for name in ("reference-signed.jwks.json",):
            (folder / name).write_bytes((SHIPPED.parent / name).read_bytes())
        said = {
            "doctor": said_by(folder, "doctor", str(profile)),
            "doctor as JSON": said_by(folder, "doctor", str(profile), "--json"),
            "audit": said_by(folder, "audit", str(profile), "-k", SOME, "--output", "one"),
            "audit, registering": said_by(
                folder, "audit", str(profile), "--register", "-k", "RFC7591", "--output", "two",
                GITHUB_ACTIONS="true",
            ),
            "load": said_by(
                folder, "load", "client_credentials", str(profile), "--rate", "20/s",
                "--duration", "3s", "--output", "load",
            ),
            "init": said_by(folder, "init", stage.issuer, "--output", "written.toml"),
        }  # fmt: skip
    said |= {
        "judge": said_by(folder, "judge", "one", "-k", SOME, "--output", "three"),
        "judge as JSON": said_by(folder, "judge", "one", "-k", SOME, "--json", "--output", "four"),
        "diff": said_by(folder, "diff", "one", "two"),
        "compare": said_by(folder, "compare", "one", "two", "--output", "compared"),
        "explain": said_by(
            folder, "explain", "RFC6749-5.2/error-description-charset", "--results", "one"
        ),
    }
    return Run(folder, said, echo.shown, echo.pairs, frozenset(echo.registered))


def test_each_planted_secret_was_echoed_in_each_spelling(run: Run) -> None:
    assert len(PLANTED) + len(WEAK) >= 40
    assert len(SPELLINGS) >= 17
    assert run.shown > run.pairs


def test_no_file_has_a_planted_secret(run: Run) -> None:
    files = [path for path in run.folder.rglob("*") if path.is_file()]
    written = [path for path in files if path.name != "planted.toml"]
    found = {
        str(path.relative_to(run.folder)): some
        for path in written
        if "state" not in path.parts and (some := found_in(texts_of(path)))
    }

    assert len(written) > 50
    assert found == {}


def test_no_output_has_a_secret_of_a_registered_client(run: Run) -> None:
    """The ledger has them, for as long as a client is not deleted: all were."""
    texts = [text for path in run.folder.rglob("*") if path.is_file() for text in texts_of(path)]
    found = {
        one for one in run.registered if any(one in text for text in (*texts, *run.said.values()))
    }

    assert len(run.registered) > 5
    assert found == set()


def test_no_verb_prints_a_planted_secret(run: Run) -> None:
    found = {verb: some for verb, said in run.said.items() if (some := found_in(iter([said])))}

    assert found == {}


@pytest.mark.parametrize("secret", WEAK.values(), ids=WEAK.keys())
def test_a_secret_that_cannot_be_hidden_is_refused_beyond_loopback(
    tmp_path: Path, secret: str
) -> None:
    (tmp_path / "weak.toml").write_text(
        f'issuer = "https://identity.example"\n[users.one]\nusername = "planted-user"\n'
        f'password = "{secret}"\n[clients.web]\nclient_id = "app"\nclient_secret = "a#9-long-one"\n'
        f'redirect_uris = ["https://client.example/cb"]\n',
        encoding="utf-8",
    )

    with pytest.raises(ProfileError, match="reports cannot hide it: use another one"):
        load_profile(tmp_path / "weak.toml", {})
