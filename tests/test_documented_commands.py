"""Every command that the documentation shows is run here, in the order in which a reader would.

The shell is a real one. A server of ours stands in for those that the pages name, and audits are
narrowed to few checks. Programs of others (pip, nox, docker) are stand-ins that do nothing.
"""

import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from idprobe_reference.config import ALICE_PASSWORD, reference_config
from idprobe_reference.running import serve
from idprobe_reference.server import ReferenceServer
from tools.manual import reference_pages

ROOT: Final = Path(__file__).parents[1]
PAGES: Final = sorted(
    path
    for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"))
    if path.name != "CHANGELOG.md" and "reference" not in path.relative_to(ROOT).parts
)
BLOCK: Final = re.compile(r"^ *```(sh|console|bash)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
ELSEWHERE: Final = frozenset({"add-a-check.md"})
"""Pages that change the repository: tests/test_guide.py follows them in a copy."""
OTHERS: Final = ("pip", "nox", "docker", "kc.sh", "locust", "python3", "pytest")
SECRETS: Final = {
    "WEB_ID": "web",
    "WEB_SECRET": "web-secret-not-secret-5e1c0b7a93d24f68",
    "WEB_REDIRECT_URIS": "https://client.example/cb",
    "USER_NAME": "alice",
    "USER_PASSWORD": ALICE_PASSWORD,
}
PROFILE: Final = """\
issuer = "{issuer}"
standards = ["oauth2.0", "oidc"]

[clients.web]
client_id = "web"
client_secret = {{ env = "WEB_SECRET" }}
grant_types = ["authorization_code", "refresh_token"]
redirect_uris = ["https://client.example/cb"]
scope = "openid profile offline_access api"

[registration]

[users.alice]
username = "alice"
password = {{ env = "USER_PASSWORD" }}
"""

STAND_IN: Final = '''\
"""Runs idprobe as a page says, but against a server of ours and with few checks."""

import os, pathlib, re, shutil, signal, subprocess, sys

THERE = re.compile(r"https://id\\.(acme\\.)?example\\b|http://127\\.0\\.0\\.1:8080")
issuer = os.environ["ISSUER"]
words = [THERE.sub(issuer, word) for word in sys.argv[1:]]
for path in pathlib.Path().glob("*.toml"):
    path.write_text(THERE.sub(issuer, path.read_text("utf-8")), "utf-8")
for option in ("--profile", "--output"):
    if words[0] in {"init", "provision"} and option in words:
        pathlib.Path(words[words.index(option) + 1]).unlink(missing_ok=True)
if words[0] == "init" and "--output" not in words:
    words += ["--output", "id.example.toml"]
if words[0] in {"audit", "judge"} and "-k" not in words:
    words += ["-k", "cache-control-no-store or issuer-identical or issuer-equals-url-prefix"]
if words[0] == "load":
    from idprobe.cli.main import commands
    verb = commands.commands["load"]
    given = verb.make_context("load", words[1:]).params
    if given["repeat"] > 1 and given["output"]:
        shutil.copytree("load", given["output"] / "1-1")
    sys.exit(0)
command = [sys.executable, "-m", "idprobe", *words]
if words[0] == "serve":
    command[command.index("--port") + 1] = "0"
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    started = process.stdout.readline().startswith("serving ")
    process.send_signal(signal.SIGINT)
    process.communicate()
    sys.exit(0 if started else 1)
sys.exit(subprocess.run(command).returncode)
'''

OPENSSL: Final = f'''\
#!{sys.executable}
"""Makes a pair of Ed25519 keys as openssl does, for machines that lack it."""

import pathlib, sys
from cryptography.hazmat.primitives import serialization as keys
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

words = sys.argv[1:]
written = pathlib.Path(words[words.index("-out") + 1]) if "-out" in words else None
if words[0] == "genpkey":
    key = Ed25519PrivateKey.generate()
    form = (keys.Encoding.PEM, keys.PrivateFormat.PKCS8, keys.NoEncryption())
    written.write_bytes(key.private_bytes(*form))
if words[0] == "pkey":
    private = pathlib.Path(words[words.index("-in") + 1]).read_bytes()
    public = keys.load_pem_private_key(private, None).public_key()
    form = (keys.Encoding.PEM, keys.PublicFormat.SubjectPublicKeyInfo)
    written.write_bytes(public.public_bytes(*form))
'''


def blocks(page: Path) -> Iterator[str]:
    """Yield the commands of each block of a page; beside prompts there is what they print."""
    for kind, text in BLOCK.findall(page.read_text(encoding="utf-8")):
        lines = [line.strip() for line in text.splitlines()]
        if kind == "console":
            lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        yield "\n".join(re.sub(r"\b[A-Z_]+=… ", "", line) for line in lines)


class WithoutRegistration(ReferenceServer):
    """A server whose clients are set up by hand."""

    def metadata(self) -> dict[str, Any]:
        found = super().metadata()
        return {name: found[name] for name in found if name != "registration_endpoint"}


def executable(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def prepare(folder: Path, issuer: str) -> None:
    """Lay out what the pages take for granted: a profile, the checkout, the programs."""
    (folder / "stand_in.py").write_text(STAND_IN, encoding="utf-8")
    ours = f'#!/bin/sh\nexec "{sys.executable}" "{folder / "stand_in.py"}" "$@"\n'
    for place in ("bin", ".venv/bin"):
        executable(folder / place / "idprobe", ours)
        for name in OTHERS:
            executable(folder / place / name, "#!/bin/sh\nexit 0\n")
        executable(folder / place / "openssl", OPENSSL)
    for name in ("acme.toml", "my-server.toml", "before.toml", "after.toml"):
        (folder / name).write_text(PROFILE.format(issuer=issuer), encoding="utf-8")
    (folder / "load").mkdir()
    shutil.copy(ROOT / "tests" / "reports" / "recorded" / "load.json", folder / "load")
    (folder / "fixtures").symlink_to(ROOT / "fixtures")


@pytest.mark.parametrize(
    "page",
    [
        page
        for page in PAGES
        if page.name not in ELSEWHERE and any("idprobe" in block for block in blocks(page))
    ],
    ids=lambda page: page.relative_to(ROOT).as_posix(),
)
def test_the_commands_of_a_page_work(page: Path, tmp_path: Path) -> None:
    registers = "--register" in page.read_text(encoding="utf-8") and page.name != "README.md"
    server = ReferenceServer if registers else WithoutRegistration

    with serve(reference_config(), server_class=server) as running:
        prepare(tmp_path, running.issuer)
        for block in blocks(page):
            done = subprocess.run(
                ["bash", "-euc", block],  # noqa: S607 -- the shell of the reader
                cwd=tmp_path,
                env={
                    **os.environ,
                    **SECRETS,
                    "ISSUER": running.issuer,
                    "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
                    "XDG_STATE_HOME": str(tmp_path / "state"),
                },
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
            assert done.returncode == 0, f"{block}\n{done.stdout[-3000:]}\n{done.stderr}"


def test_nothing_is_shown_but_what_is_run() -> None:
    """A block without a language would be no command: nothing of ours hides in one."""
    for page in PAGES:
        rest = BLOCK.sub("", page.read_text(encoding="utf-8"))
        hidden = [line for line in rest.splitlines() if re.match(r" *(\$ )?idprobe [a-z]+ ", line)]
        assert hidden == [], page


def test_every_link_of_the_pages_leads_somewhere() -> None:
    generated = {ROOT / "docs" / path for path in reference_pages()}
    lost = [
        (page.name, link)
        for page in PAGES
        for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if "://" not in link
        and not (page.parent / link).exists()
        and Path(os.path.normpath(page.parent / link)) not in generated
    ]

    assert lost == []
