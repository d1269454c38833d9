"""One target, searched by atheris for a while: `python -m tests.fuzz.search TARGET SECONDS FOLDER`.

New inputs go to FOLDER/corpus/TARGET, those that are defects to FOLDER/defects/TARGET, each beside
its traceback. A defect is told once, and the search goes on. What came of it all stands in
FOLDER/TARGET.json, written anew each second, since whatever ends a process may end this one.
"""

import contextlib
import hashlib
import io
import json
import os
import random
import sys
import time
import traceback
from pathlib import Path
from typing import Final

import atheris

with atheris.instrument_imports(include=["idprobe"]), contextlib.redirect_stderr(io.StringIO()):
    from tests.fuzz import holding

from tests.fuzz.mutating import mutated

HANG_S: Final = 20
MEMORY_MIB: Final = 768
MOST_INPUTS: Final = 150_000
"""So many a process tries: atheris keeps about a kibibyte for each."""
OURS: Final = 0.5
"""How often an input is changed by us, and not by libFuzzer."""


class Search:
    """What came of the search so far."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name: Final = name
        self.defects: Final = folder / "defects" / name
        self._figures: Final = folder / f"{name}.json"
        self._known: set[str] = set()
        self._inputs = 0
        self._longest_s = 0.0
        self._begun = self._told = time.monotonic()

    def one(self, data: bytes) -> None:
        """Try an input."""
        self._inputs += 1
        try:
            took_s = holding.run(self.name, data)
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is a defect
            took_s = 0.0
            self._note(data, error)
        now = time.monotonic()
        if took_s > self._longest_s or now - self._told > 1:
            self._longest_s, self._told = max(took_s, self._longest_s), now
            self.tell()

    def _note(self, data: bytes, error: Exception) -> None:
        place = holding.place_of(error)
        if place in self._known:
            return
        self._known.add(place)
        path = self.defects / hashlib.sha256(data).hexdigest()[:16]
        path.write_bytes(data)
        told = "".join(traceback.format_exception(error)[-8:])
        path.with_suffix(".txt").write_text(f"{place}\n\n{told}", encoding="utf-8")
        self.tell()

    def tell(self) -> None:
        """Write down how far we are."""
        figures = {
            "seconds": round(time.monotonic() - self._begun, 1),
            "inputs": self._inputs,
            "longest_s": round(self._longest_s, 4),
            "defects": sorted(self._known),
        }
        aside = self._figures.with_suffix(".part")
        aside.write_text(json.dumps(figures), encoding="utf-8")
        aside.replace(self._figures)


def _changed(data: bytes, most_bytes: int, seed: int) -> bytes:
    chance = random.Random(seed)  # noqa: S311 -- no secret is made of it
    if chance.random() < OURS:
        return mutated(data, most_bytes, seed)
    return bytes(atheris.Mutate(data, most_bytes))


def main(name: str, seconds: str, where: str) -> None:
    """Search, and never return."""
    folder = Path(where)
    search = Search(name, folder)
    corpus = folder / "corpus" / name
    for one in (corpus, search.defects):
        one.mkdir(parents=True, exist_ok=True)
    search.tell()
    options = (
        f"-max_total_time={seconds}",
        f"-runs={MOST_INPUTS}",
        f"-timeout={HANG_S}",
        f"-rss_limit_mb={MEMORY_MIB}",
        f"-max_len={holding.INPUT_BYTES}",
        f"-artifact_prefix={search.defects}{os.sep}",
        "-print_final_stats=1",
    )
    places = [str(corpus), str(holding.CORPUS / name)]
    atheris.Setup([sys.argv[0], *options, *places], search.one, custom_mutator=_changed)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
