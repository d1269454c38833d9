"""The wheel holds what a run reads, and nothing that only a checkout needs."""

import subprocess
import sys
from pathlib import Path
from typing import Final
from zipfile import ZipFile

import pytest

ROOT: Final = Path(__file__).parents[1]
CONTENT: Final = "idprobe/content/"
FOLDERS: Final = {
    "conformance",
    "fixtures/anchors",
    "fixtures/gallery",
    "fixtures/providers",
    "fixtures/requirements",
    "fixtures/schemas",
    "fixtures/untested",
    "loadtests",
    "reports/templates",
}
FILES: Final = {"fixtures/areas.toml", "fixtures/servers/keycloak/realm.json"}


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Return the names in the wheel."""
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (wheel,) = out.glob("*.whl")
    with ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_has_the_two_packages_and_the_content_alone(names: set[str]) -> None:
    tops = {name.partition("/")[0] for name in names if ".dist-info/" not in name}

    assert tops == {"idprobe", "idprobe_reference"}


def test_the_content_is_what_a_run_reads(names: set[str]) -> None:
    """No recordings, no benchmarks, no servers of others, no lists about our own tests."""
    files = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file())
    here = {str(path.relative_to(ROOT)) for path in files if "__pycache__" not in path.parts}
    wanted = {name for name in here if not name.startswith("loadtests/bench/")} | FILES

    carried = {name.removeprefix(CONTENT) for name in names if name.startswith(CONTENT)}

    assert carried == wanted
    assert not any("/recorded/" in name or "/bench/" in name for name in names)
