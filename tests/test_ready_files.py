"""The files that others take as they are: what they say is there, and the action's script works."""

import os
import re
import shlex
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from idprobe.cli import main
from idprobe.load.run.command import planned
from idprobe.load.schedule.caps import enforce_limits
from idprobe.model.profile import Role, consent_missing, load_consent_missing, load_profile

ROOT: Final = Path(__file__).parents[1]
CI: Final = ROOT / "docs" / "how-to" / "ci"


def read(path: Path) -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def run_the_action(folder: Path, **given: str) -> subprocess.CompletedProcess[str]:
    """Run the script of action.yml as a runner would, with the idprobe that is tested here."""
    action = read(ROOT / "action.yml")
    (step,) = action["runs"]["steps"]
    inputs = {name: str(one.get("default", "")) for name, one in action["inputs"].items()} | given
    variables = {
        name: re.sub(r"\$\{\{ inputs\.([a-z-]+) \}\}", lambda match: inputs[match[1]], value)
        for name, value in step["env"].items()
    }
    command = folder / "idprobe"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m idprobe "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    return subprocess.run(
        ["bash", "-c", step["run"]],  # noqa: S607 -- the shell that the action names
        cwd=folder,
        env={
            **os.environ,
            **variables,
            "IDPROBE_SOURCE": str(ROOT),
            "IDPROBE_COMMAND": str(command),
            "GITHUB_ACTIONS": "true",
            "GITHUB_OUTPUT": str(folder / "output.txt"),
            "GITHUB_STEP_SUMMARY": str(folder / "step.md"),
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize(
    ("given", "code"),
    [({"target": "nowhere"}, 2), ({"target": "http://127.0.0.1:1", "fail-on": "never"}, 3)],
    ids=["usage", "unreachable"],
)
def test_the_action_ends_as_idprobe_does(given: dict[str, str], code: int, tmp_path: Path) -> None:
    done = run_the_action(tmp_path, **given)

    assert done.returncode == code, done.stderr
    told = (tmp_path / "output.txt").read_text(encoding="utf-8").splitlines()
    assert f"exit-code={code}" in told
    assert "output=idprobe-results" in told


def test_the_action_shows_the_summary_and_stops_commands(tmp_path: Path) -> None:
    (tmp_path / "acme.toml").write_text('embedded = "reference"\n[registration]\n', "utf-8")

    done = run_the_action(tmp_path, target="acme.toml", build="7.2")

    assert done.returncode in {0, 3}, done.stderr
    assert "::stop-commands::" in done.stdout
    assert (tmp_path / "step.md").read_text(encoding="utf-8").startswith("# idprobe: `acme`")


def test_no_input_of_the_action_is_part_of_a_script() -> None:
    for step in read(ROOT / "action.yml")["runs"]["steps"]:
        assert "${{" not in step["run"]


@pytest.mark.parametrize("path", sorted(CI.glob("*.yml")), ids=lambda path: str(path.name))
def test_the_templates_are_yaml_and_keep_what_they_find(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert read(path)
    assert "idprobe-results" in text or "steps.idprobe.outputs.output" in text


def test_the_workflow_uses_inputs_and_outputs_that_the_action_has() -> None:
    action = read(ROOT / "action.yml")
    (job,) = read(CI / "github.yml")["jobs"].values()
    (ours,) = (step for step in job["steps"] if step.get("id") == "idprobe")

    assert ours["with"].keys() <= action["inputs"].keys()
    used = re.findall(r"steps\.idprobe\.outputs\.([a-z-]+)", (CI / "github.yml").read_text("utf-8"))
    assert set(used) <= action["outputs"].keys()


def test_the_image_is_built_of_what_is_there_and_does_not_run_as_root() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = [line.split()[1:-1] for line in lines if line.startswith("COPY ")]
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()

    ours = [name for names in copied for name in names if not name.startswith(("--", "/"))]
    assert [name for name in ours if not (ROOT / name).exists()] == []
    assert [name for name in ours if name.partition("/")[0] in ignored] == []
    assert [line for line in lines if line.startswith("USER ")] == ["USER 10001"]
    assert not any(
        re.match(r"FROM \S+(:latest)?( AS|$)", line) and ":" not in line for line in lines
    )


MANIFESTS: Final = ROOT / "docs" / "how-to" / "load"


def commands_of_kubernetes() -> dict[str, list[str]]:
    """Return what each container of the manifests is told to do."""
    documents = [
        document
        for path in sorted((MANIFESTS / "kubernetes").glob("*.yaml"))
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8"))
    ]
    return {
        document["metadata"]["name"]: container["args"]
        for document in documents
        if document["kind"] == "Job"
        for container in document["spec"]["template"]["spec"]["containers"]
    }


def commands_of_compose() -> dict[str, list[str]]:
    """Return what each service of the compose file is told to do."""
    services = read(MANIFESTS / "compose.yaml")["services"]
    return {name: shlex.split(service["command"]) for name, service in services.items()}


@pytest.mark.parametrize("commands", [commands_of_kubernetes(), commands_of_compose()])
def test_manifests_call_the_verb_as_it_is(commands: dict[str, list[str]]) -> None:
    load = main.commands.commands["load"]

    for arguments in commands.values():
        assert arguments[0] == "load"
        context = load.make_context("load", arguments[1:], resilient_parsing=False)
        assert context.params["scenario"] == "client_credentials"
    assert len(commands) == 2


@pytest.mark.parametrize("commands", [commands_of_kubernetes(), commands_of_compose()])
def test_the_profile_that_is_shipped_allows_what_the_manifests_ask_for(
    commands: dict[str, list[str]],
) -> None:
    profile = load_profile(MANIFESTS / "kubernetes" / "server.toml", {"SERVICE_SECRET": "s-8f#q"})
    arguments = next(one for name, one in commands.items() if name == "master")
    options = main.commands.commands["load"].make_context("load", arguments[1:]).params

    run = planned(profile, options)

    assert run == enforce_limits(run, profile)
    for told in commands.values():
        hosts = re.findall("--i-may-load[ =]([^ ]+)", " ".join(told))
        assert load_consent_missing(profile, frozenset(hosts)) is None


def test_the_mounted_files_and_the_secrets_of_the_compose_file_are_the_profile_s() -> None:
    services = read(MANIFESTS / "compose.yaml")["services"]
    text = (MANIFESTS / "kubernetes" / "server.toml").read_text(encoding="utf-8")

    for service in services.values():
        mounted = next(one.split(":") for one in service["volumes"] if one.endswith(":ro"))
        assert (MANIFESTS / mounted[0]).is_file()
        assert mounted[1] in service["command"]
        assert all(f'env = "{name}"' in text for name in service["environment"])


def test_every_manifest_is_listed() -> None:
    folder = MANIFESTS / "kubernetes"
    listed = read(folder / "kustomization.yaml")
    files = {path.name for path in folder.iterdir()} - {"kustomization.yaml"}

    assert {*listed["resources"], *listed["configMapGenerator"][0]["files"]} == files
    load_profile(folder / "server.toml", {"SERVICE_SECRET": "s-8f#q"})


@pytest.mark.parametrize("name", ["django", "spring", "zitadel"])
def test_profiles_of_servers_that_the_gate_does_not_know_stay_on_this_machine(name: str) -> None:
    path = ROOT / "fixtures" / "servers" / "others" / name / "profile.toml"

    profile = load_profile(path, {})

    assert consent_missing(profile, date(2026, 12, 2), frozenset()) is None
    assert profile.users
    assert profile.client_for(Role.WEB) is not None
