"""The import arrows of the house: a room imports lower layers, and inside a layer only by EDGES."""

import ast
from pathlib import Path
from typing import Final

import pytest

SOURCE: Final = Path(__file__).parents[1] / "src" / "idprobe"

LAYERS: Final = {
    "clock": 0,
    "content": 0,
    "http_dates": 0,
    "exchange": 0,
    "schemas": 0,
    "strict_json": 0,
    "errors": 0,
    "typed": 0,
    "bounded": 0,
    "unexpected": 0,
    "legible": 0,
    "jose": 1,
    "jwe": 1,
    "catalogue": 2,
    "effort": 2,
    "profile": 2,
    "har": 3,
    "ledger": 3,
    "lanes": 0,
    "connections": 4,
    "destinations": 3,
    "trust": 3,
    "limits": 3,
    "listener": 3,
    "redaction": 3,
    "verdict": 3,
    "reference": 3,
    "flows": 3,
    "cookies": 3,
    "archives": 4,
    "evidence": 4,
    "seals": 2,
    "signatures": 3,
    "outputs": 3,
    "embedded": 4,
    "lifecycle": 4,
    "raw": 4,
    "reading": 4,
    "wanted": 4,
    "wire": 4,
    "judge": 5,
    "keyring": 5,
    "checks": 5,
    "closing": 5,
    "login": 5,
    "outage": 5,
    "preflight": 5,
    "probes": 5,
    "searching": 5,
    "provisioning": 5,
    "load": 5,
    "claims": 6,
    "observe": 6,
    "registering": 6,
    "doctor": 6,
    "reports": 6,
    "targets": 6,
    "audit": 7,
    "beginning": 7,
    "conclusion": 7,
    "coverage": 7,
    "gate": 7,
    "glue": 7,
    "plugin": 7,
    "proving": 8,
    "suite": 6,
    "verbs": 8,
    "cli": 9,
    "__main__": 10,
    "manual": 10,
}
EDGES: Final = {
    ("catalogue", "profile"),  # a `when` is decided over a profile
    ("limits", "destinations"),
    ("wire", "connections"),
    ("audit", "conclusion"),
    ("audit", "coverage"),
    ("audit", "gate"),
    ("conclusion", "coverage"),
    ("exchange", "errors"),
    ("exchange", "strict_json"),
    ("glue", "audit"),
    ("lifecycle", "reading"),
    ("plugin", "audit"),
    ("plugin", "glue"),
    ("probes", "searching"),
    ("schemas", "content"),
    ("schemas", "errors"),
    ("strict_json", "errors"),
    ("wire", "raw"),
}


def rooms_imported(path: Path) -> set[str]:
    """Return the rooms of idprobe that a module imports, wherever in the module."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.ImportFrom(module="idprobe", names=names):
                found |= {alias.name for alias in names}
            case ast.ImportFrom(module=str(module)) if module.startswith("idprobe."):
                found.add(module.split(".")[1])
            case ast.Import(names=names):
                found |= {a.name.split(".")[1] for a in names if a.name.startswith("idprobe.")}
            case _:
                pass
    return found


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


MODULES: Final = sorted(path for path in SOURCE.rglob("*.py") if room_of(path) != "__init__")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_room_imports_lower_layers_only(path: Path) -> None:
    room = room_of(path)

    for other in rooms_imported(path) - {room}:
        allowed = LAYERS[other] < LAYERS[room] or (room, other) in EDGES
        assert allowed, f"{room} (layer {LAYERS[room]}) imports {other} (layer {LAYERS[other]})"


def test_locust_is_imported_in_one_module_alone() -> None:
    importing = {
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        if any(
            line.lstrip().startswith(("import locust", "from locust"))
            for line in path.read_text(encoding="utf-8").splitlines()
        )
    }

    assert importing <= {"load/users.py"}


def test_every_room_of_the_source_has_a_layer() -> None:
    assert {room_of(path) for path in MODULES} <= LAYERS.keys()
