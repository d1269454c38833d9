"""What CI runs, in its order; `nox` alone runs all of it.

Each session installs the pinned versions of requirements/*.txt, with hashes.
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nox

nox.options.sessions = [
    "lint",
    "types",
    "tests",
    "docs",
    "conformance",
    "variants",
    "load",
    "compiled",
    "interop",
    "browser",
]
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_external_run = True
nox.options.default_venv_backend = "venv"
# hundreds of processes start idprobe here; without its bytecode each would compile all of it
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

ENGINE_TESTS = [
    f"tests/load/test_{name}.py"
    for name in (
        "engine",
        "schedulers",
        "callers",
        "outage",
        "windows",
        "rate_limiter",
        "under_load",
    )
]
BROWSER_TESTS = [f"tests/browser/{name}.py" for name in ("logins", "frames", "walks")]
CANDIDATES = ("3.11", "3.12", "3.13", "3.14")
ROOT = Path(__file__).parent
AXE = "axe-core@4.14.1"
SERVERS = ROOT / "fixtures" / "servers"


def found_interpreters() -> list[str]:
    """Return the versions of Python from 3.11 on that run here, our own first."""
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    found = [own]
    for version in CANDIDATES:
        path = shutil.which(f"python{version}")
        if path is not None and version != own:
            asked = subprocess.run([path, "-c", "import venv"], check=False, capture_output=True)
            if asked.returncode == 0:
                found.append(version)
    return found


PYTHONS = found_interpreters()


def install(session: nox.Session, *names: str, editable: bool = False) -> None:
    """Install pinned requirements and then idprobe itself, without letting it pull anything."""
    for name in ("build", *names):
        session.install("--require-hashes", "-r", f"requirements/{name}.txt")
    session.install("--no-deps", "--no-build-isolation", *(["-e"] if editable else []), ".")


def chromium_for(session: nox.Session) -> str:
    """Return the path of Chromium; where there is none, the session ends with one sentence."""
    found = shutil.which("chromium")
    if found is None:
        session.error("there is no chromium here: install it, as Debian's package of that name")
    return found


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, all rules on."""
    session.install("--require-hashes", "-r", "requirements/lint.txt")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check types, strictly."""
    install(session, "types", editable=True)
    session.run("mypy")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Test idprobe itself on every interpreter found."""
    session.log(f"interpreters found: {', '.join(PYTHONS)}")
    install(session, "tests", editable=True)
    session.run("pytest", "--numprocesses", "auto", "--dist", "worksteal", *session.posargs)


@nox.session(default=False)
def coverage(session: nox.Session) -> None:
    """Tell which lines and branches of ours the tests reach, and the variants, by browser too."""
    chromium_for(session)
    install(session, "coverage", editable=True)
    # absolute, since tests run us in folders of their own
    session.env["COVERAGE_FILE"] = str(ROOT / ".coverage")
    session.run("coverage", "erase")
    run = ("coverage", "run", "-m")
    session.run(*run, "pytest", "-n", "auto", "--dist", "worksteal")
    here = {"PYTHONPATH": "tests/browser:tests"}
    session.run(*run, "pytest", *BROWSER_TESTS, env=here)
    session.run(*run, "tests.variants.compare")
    matrix = str(Path(session.create_tmp()).resolve() / "matrix.json")
    session.run(*run, "tools.proving", "--json", matrix, "-k", "code")
    session.run(*run, "tools.proving", "--all", "--json", matrix, "-k", "registered-is")
    session.run("coverage", "combine", "--quiet")
    session.run("coverage", "report", "--include", "src/*", "--skip-covered", "--sort", "cover")
    session.run("coverage", "report", "--include", "conformance/*", "--format", "total")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the manual, strictly and without a network, and follow every link of it."""
    install(session, "docs")
    site = Path(session.create_tmp()).resolve() / "site"
    quiet = {"NO_MKDOCS_2_WARNING": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    session.run("python", "-m", "mkdocs", "build", "--strict", "--site-dir", str(site), env=quiet)
    session.run("python", "tests/manual/follow.py", str(site))


@nox.session
def conformance(session: nox.Session) -> None:
    """Audit the embedded server in both shapes, over http and over TLS."""
    install(session, "run")
    for name in ("reference", "speakup"):
        for tls in ((), ("--tls",)):
            session.run(
                "idprobe", "audit", name, *tls, "--output", audit_folder(session, name, tls)
            )


def audit_folder(session: nox.Session, name: str, tls: tuple[str, ...]) -> str:
    """Return a new folder for the results of an audit."""
    folder = Path(session.create_tmp()) / f"{name}{'-tls' if tls else ''}"
    shutil.rmtree(folder, ignore_errors=True)
    return str(folder)


@nox.session(default=False)
def variants(session: nox.Session) -> None:
    """Judge the lenient variants of the embedded server: none may change a verdict."""
    install(session, "tests", editable=True)
    whole = not {"-k", "--sample"} & {*session.posargs}
    page = ("--write", "docs/explanation/false-alarms.md") if whole else ()
    session.run("python", "-m", "tests.variants.compare", *page, *session.posargs)


@nox.session(default=False)
def kills(session: nox.Session) -> None:
    """Kill and terminate audits at 40 moments: their evidence is judged (10 minutes)."""
    install(session, "tests", editable=True)
    session.run("python", "-m", "tests.kills", *session.posargs)


@nox.session
def load(session: nox.Session) -> None:
    """Load the embedded server for ten seconds within a budget."""
    install(session, "tests")
    options = ("--rate", "50/s", "--duration", "10s", "--budget", "p95<500ms,errors<0.1%")
    session.run("idprobe", "load", "client_credentials", *options)


@nox.session
def compiled(session: nox.Session) -> None:
    """Install idprobe with its load engine compiled, and test it as the other is tested."""
    session.install("--require-hashes", "-r", "requirements/compiled.txt")
    # from a copy: compiled modules stay beside their sources, where they would be imported
    copy = Path(session.create_tmp()).resolve()
    session.run("hatchling", "build", "--target", "sdist", "--directory", str(copy))
    wanted = {"HATCH_BUILD_HOOK_ENABLE_MYPYC": "true"}
    for one in copy.glob("idprobe-*.tar.gz"):
        session.install("--no-deps", "--no-build-isolation", str(one), env=wanted)
    session.run(
        "python", "-c", "from idprobe.load.measure.monitor import COMPILED; assert COMPILED"
    )
    session.run("pytest", "--numprocesses", "auto", *(session.posargs or ENGINE_TESTS))


@nox.session(default=False)
def namespaces(session: nox.Session) -> None:
    """Share load out among workers in network namespaces of their own; needs root and `ip`."""
    install(session, "tests", editable=True)
    session.run("python", "tests/load/namespaces.py")


@nox.session
def interop(session: nox.Session) -> None:
    """Audit real servers that we did not write, and set them beside each other."""
    install(session, "run")
    folders = []
    for name, server in (("node-oidc-provider", node_oidc_provider), ("keycloak", keycloak)):
        with server(session):
            out = audit_folder(session, name, ())
            session.run("idprobe", "audit", f"fixtures/providers/{name}.toml", "--output", out)
            folders.append(out)
    compared = audit_folder(session, "compared", ())
    session.run("idprobe", "compare", *folders, "--output", compared)


def node_oidc_provider(session: nox.Session) -> contextlib.AbstractContextManager[dict[str, Any]]:
    """Run the npm package oidc-provider from its fixture folder."""
    folder = Path(session.create_tmp()).resolve() / "node-oidc-provider"
    ignored = shutil.ignore_patterns("node_modules")
    shutil.copytree(SERVERS / "node-oidc-provider", folder, ignore=ignored, dirs_exist_ok=True)
    with session.chdir(folder):
        quiet = ("--ignore-scripts", "--no-audit", "--no-fund")
        session.run("npm", "ci", *quiet, external=True)
    return running(session, "node", "server.mjs", folder=folder)


def keycloak(session: nox.Session) -> contextlib.AbstractContextManager[dict[str, Any]]:
    """Run Keycloak; Maven fetches it into a cache that outlives the session."""
    return running(session, sys.executable, "start.py", folder=SERVERS / "keycloak")


@contextlib.contextmanager
def running(session: nox.Session, *command: str, folder: Path) -> Iterator[dict[str, Any]]:
    """Run a server of ours in its folder until the block ends; yield what it says when ready."""
    server = subprocess.Popen(
        [*command, "--until-stdin-closes"],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        line = server.stdout.readline() if server.stdout else ""
        if not line:
            session.error(f"{' '.join(command)} in {folder.name} did not start: see what it said")
        yield json.loads(line)
    finally:
        if server.stdin:
            server.stdin.close()
        server.wait(60)


@nox.session(default=False)
def browser(session: nox.Session) -> None:
    """Log in by a browser, for which Chromium has to be there, and compare it with the forms."""
    chromium_for(session)
    install(session, "browser", editable=True)
    here = {"PYTHONPATH": "tests/browser:tests"}
    session.run("pytest", *BROWSER_TESTS, env=here)
    session.run("python", "tests/browser/compare.py", *session.posargs, env=here)


@nox.session(default=False)
def first_run(session: nox.Session) -> None:
    """Time what a newcomer does, on a server that we did not write, in a fresh environment."""
    accounts = json.loads((SERVERS / "node-oidc-provider" / "accounts.json").read_text("utf-8"))
    user = f"USER_NAME={accounts[0]['username']}", f"USER_PASSWORD={accounts[0]['password']}"
    with node_oidc_provider(session) as server:
        session.run("python", "tests/first_run.py", server["issuer"], *user)


@nox.session(default=False)
def looks(session: nox.Session) -> None:
    """Look at a report and a comparison in Chromium, which has to be there, and ask axe."""
    chromium = chromium_for(session)
    install(session, "tests")
    session.install("--require-hashes", "-r", "requirements/looks.txt")
    folder = Path(session.create_tmp()).resolve()
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund")
    npm = ("npm", "install", *quiet, "--prefix", str(folder), AXE)
    session.run(*npm, external=True)
    out = audit_folder(session, "looked-at", ())
    session.run("idprobe", "audit", "speakup", "reference", "--output", out)
    loaded = audit_folder(session, "looked-at-load", ())
    load = ("idprobe", "load", "client_credentials", "--rate", "20/s..100/s over 5s")
    session.run(*load, "--output", loaded, success_codes=[0, 4])
    session.run(
        *("python", "tests/looks/look.py", chromium),
        str(folder / "node_modules" / "axe-core" / "axe.min.js"),
        str(folder / "pictures"),
        *(f"{out}/{page}" for page in ("speakup/report.html", "compare.html")),
        f"{loaded}/load.html",
        env={"PYTHONPATH": "tests/reports:."},
    )


@nox.session(default=False)
def new_check(session: nox.Session) -> None:
    """Write the stubs of a check: `-- ID [--probe NAME]`, see docs/how-to/add-a-check.md."""
    install(session, "run", editable=True)
    session.run("python", "-m", "tools.new_check", *session.posargs)


@nox.session(default=False)
def mutants(session: nox.Session) -> None:
    """Run the mutants of the reference server, `-- --all` with every experiment there is."""
    chromium_for(session)  # some mutants are wrong in what a script of theirs does
    install(session, "mutants", editable=True)
    files = ("--json", "reports/output/kill-matrix.json", "--wanted", "fixtures/mutants/wanted.tsv")
    page = ("--page", "docs/explanation/kill-matrix.md") if "--all" in session.posargs else ()
    session.run("python", "-m", "tools.proving", *files, *page, *session.posargs)


@nox.session(default=False)
def controls(session: nox.Session) -> None:
    """Let every experiment meet every fault at each of its requests: nothing may come of it."""
    install(session, "tests", editable=True)
    session.run("python", "-m", "tests.faults", *session.posargs)


@nox.session(default=False)
def fuzz(session: nox.Session) -> None:
    """Search for inputs that break what reads octets of others, guided by the code they reach."""
    install(session, "fuzz", editable=True)
    session.run("python", "-m", "tests.fuzz.run", *session.posargs)


@nox.session(default=False)
def bending(session: nox.Session) -> None:
    """Bend every place of what was recorded to every kind of value: no check may crash; hours."""
    install(session, "tests", editable=True)
    session.run("python", "-m", "tests.recorded.bending", *session.posargs)


@nox.session(default=False)
def mutation(session: nox.Session) -> None:
    """Change our own judging code in small ways, and list the changes that no test notices."""
    install(session, "mutation", editable=True)
    shutil.rmtree("mutants", ignore_errors=True)
    strict = {"PYTHONWARNDEFAULTENCODING": "1"}
    session.run("mutmut", "run", "--max-children", "1", env=strict)
    session.run("python", "-m", "tests.mutation.survivors", *session.posargs)


@nox.session(default=False)
def pins(session: nox.Session) -> None:
    """Write requirements/*.txt anew: every version pinned, every file by its hash."""
    session.install("uv")
    shared = ("uv", "pip", "compile", "--universal", "--generate-hashes", "--no-emit-index-url")
    quiet = ("--no-header", "--no-annotate", "--python-version", "3.11", "--upgrade", "--quiet")
    for name, source in PINNED.items():
        out = f"requirements/{name}.txt"
        session.run(*shared, *quiet, *source, "-o", out)
        text = Path(out).read_text(encoding="utf-8")
        if re.search(r"https?://", text):
            session.error(f"{out} records an address")


LOADED = ("--extra", "load", "--group", "tests")
PINNED = {
    "build": ("--group", "build"),
    "run": ("pyproject.toml",),
    "tests": ("pyproject.toml", *LOADED),
    "coverage": ("pyproject.toml", *LOADED, "--extra", "browser", "--group", "coverage"),
    "compiled": ("pyproject.toml", *LOADED, "--group", "build", "--group", "compiled"),
    "types": ("pyproject.toml", "--extra", "load", "--group", "types"),
    "lint": ("--group", "lint"),
    "browser": ("pyproject.toml", "--extra", "browser"),
    "mutants": ("pyproject.toml", "--extra", "load", "--extra", "browser"),
    "looks": ("--group", "looks"),
    "mutation": ("pyproject.toml", "--group", "mutation"),
    "docs": ("pyproject.toml", "--group", "docs"),
    "fuzz": ("pyproject.toml", *LOADED, "--group", "fuzz"),
}
