"""Where each stub goes: beside what is nearest to it, by what the suite has."""

import ast
import re
import sys
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from idprobe.formats.schemas import nearest
from idprobe.judge.collect import all_checks
from idprobe.model.catalogue import load_catalogue
from idprobe.probes import all_probes
from idprobe_reference.mutants import MUTANTS, bending
from tools.new_check import texts
from tools.new_check.names import Name, Refused

__all__ = ["Stub", "catalogue_stub", "check_stub", "mutant_stub", "probe_stub"]

LONGEST: Final = 340
"""A file of more lines gets no stub: tests/test_layers.py allows 400."""
OF_LOAD: Final = "load"
"""The document of what load shows: its entries repeat those of others."""


@dataclass(frozen=True, slots=True)
class Stub:
    """What will be written: the whole new text of a file, and what its author fills in."""

    path: Path
    text: str
    asks: str
    is_new: bool

    def write(self) -> None:
        """Write the file; raises FileExistsError rather than overwrite one that came since."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("x" if self.is_new else "w", encoding="utf-8", newline="\n") as file:
            file.write(self.text)


def document_of(name: Name) -> str:
    """Return the document that a requirement belongs to; raises Refused if no file has its spec."""
    specs = [(_spec(one.id), one.document) for one in load_catalogue()]
    counted = Counter(d for spec, d in specs if spec == name.spec and d != OF_LOAD)
    if counted:
        return counted.most_common(1)[0][0]
    meant = nearest(name.spec, {spec for spec, _ in specs})
    raise Refused(
        f"no file of fixtures/requirements has requirements of {name.spec}"
        + (f", did you mean {meant}?" if meant else ": begin one with spec, title, url and family")
    )


def catalogue_stub(name: Name, root: Path) -> Stub:
    """Return the entry of the catalogue, among those of its specification by section."""
    path = root / "fixtures" / "requirements" / f"{document_of(name)}.toml"
    parts = re.split(r"(?m)^(?=\[\[requirement\]\])", path.read_text(encoding="utf-8"))
    read = [tomllib.loads(part)["requirement"][0] for part in parts[1:]]
    ours = [(at, one) for at, one in enumerate(read, 1) if _spec(one["id"]) == name.spec]
    before = [at for at, one in ours if _order(one["section"]) <= _order(name.section)]
    place = before[-1] if before else ours[0][0] - 1
    url = next((str(one["url"]) for _, one in ours if "url" in one), "")
    above, comment = _apart(parts[place])
    rest = [f"{comment}\n"] if comment else []
    entries = [*parts[:place], f"{above}\n\n", f"{texts.entry(name, url)}\n", *rest]
    text = "".join([*entries, *parts[place + 1 :]]).rstrip("\n")
    return Stub(path, f"{text}\n", "the catalogue entry", is_new=False)


def check_stub(name: Name, section: str, probes: tuple[str, ...], root: Path) -> Stub:
    """Return the check, in the one file of its section or in a new one."""
    ours = [
        check.name.partition("/")[0]
        for check in all_checks()
        if any(_spec(one) == name.spec for one in check.requirements)
    ]
    folder = Counter(ours).most_common(1)[0][0] if ours else document_of(name).replace("-", "_")
    prefix = f"test_{section.replace('.', '_').lower()}_"
    there = sorted((root / "conformance" / folder).glob(f"{prefix}[a-z]*.py"))
    asks = f"the check {name.test}"
    if len(there) == 1 and _takes(there[0], name.test, {"Trace", "requirement"}):
        return _appended(there[0], texts.check(name, probes), asks)
    path = root / "conformance" / folder / f"{prefix}{name.words}.py"
    return _new(path, texts.check_module(name, probes), asks)


def mutant_stub(name: Name, root: Path) -> Stub:
    """Return the mutant, in the file that has most mutants of this section, or beside it."""
    if name.mutant_class in {info.server_class.__name__ for info in MUTANTS.values()}:
        raise Refused(f"there is a mutant {name.mutant_class} already: choose another slug")
    near = Path(_nearest_module(name))
    path = root / "src" / "idprobe_reference" / "mutants" / near.parent.name / near.name
    asks = f"the mutant {name.mutant_class}"
    if _takes(path, name.mutant_class, {"mutant", "ReferenceServer"}):
        return _appended(path, texts.mutant(name), asks)
    return _new(path.with_name(f"breaks_{name.words}.py"), texts.mutant_module(name), asks)


def probe_stub(place: str, root: Path) -> tuple[str, Stub]:
    """Return the name of a new probe, and its stub; `place` is TOPIC/NAME."""
    topic, slash, probe = place.partition("/")
    folder = root / "src" / "idprobe" / "probes"
    topics = sorted(one.parent.name for one in folder.glob("*/__init__.py"))
    if not slash or topic not in topics or not re.fullmatch(r"[a-z][a-z0-9_]*", probe):
        raise Refused(f"{place!r} is not TOPIC/NAME, with a topic of {', '.join(topics)}")
    if probe in all_probes():
        raise Refused(f"there is a probe {probe} already: read it with --probe {probe}")
    return probe, _new(folder / topic / f"{probe}.py", texts.probe_module(probe), "the probe")


def _nearest_module(name: Name) -> str:
    """Return the file that has most of the mutants nearest to a requirement."""
    catalogue = load_catalogue()
    area = catalogue[name.id].area if name.id in catalogue else ""
    found: dict[int, Counter[str]] = {rank: Counter() for rank in range(4)}
    for info in MUTANTS.values():
        module = info.server_class.__module__
        if module == bending.__name__:
            continue
        for one in {catalogue[identifier] for identifier in info.breaks}:
            same_spec = _spec(one.id) == name.spec
            ranks = (
                same_spec and one.section == name.section,
                same_spec and one.area == area,
                same_spec,
                True,
            )
            found[ranks.index(True)][module] += 1
    best = next(counted for counted in found.values() if counted)
    file = sys.modules[best.most_common(1)[0][0]].__file__
    return str(file)


def _new(path: Path, text: str, asks: str) -> Stub:
    if path.exists():
        raise Refused(f"{path.name} is there already in {path.parent.name}: nothing is overwritten")
    return Stub(path, text, asks, is_new=True)


def _appended(path: Path, stub: str, asks: str) -> Stub:
    text = path.read_text(encoding="utf-8").rstrip("\n")
    return Stub(path, f"{text}\n\n\n{stub}", asks, is_new=False)


def _takes(path: Path, name: str, imports: set[str]) -> bool:
    """Return whether a file has room for a stub, what it needs, and nothing of its name."""
    text = path.read_text(encoding="utf-8")
    body = ast.parse(text).body
    imported = {
        one.asname or one.name
        for node in body
        if isinstance(node, ast.ImportFrom)
        for one in node.names
    }
    named = {one.name for one in body if isinstance(one, ast.FunctionDef | ast.ClassDef)}
    return imports <= imported and name not in named and text.count("\n") < LONGEST


def _order(section: str) -> tuple[tuple[int, int], ...]:
    """Return what sections are sorted by: numbers, and appendices behind them."""
    parts = section.split(".")
    return tuple((0, int(one)) if one.isdecimal() else (1, ord(one[0])) for one in parts)


def _apart(entry: str) -> tuple[str, str]:
    """Return an entry, and the comment behind it, which is about the next one."""
    lines = entry.rstrip().splitlines()
    end = len(lines)
    while end and (not lines[end - 1] or lines[end - 1].startswith("#")):
        end -= 1
    return "\n".join(lines[:end]), "".join(f"{line}\n" for line in lines[end:]).lstrip()


def _spec(identifier: str) -> str:
    return identifier.partition("/")[0].rpartition("-")[0]
