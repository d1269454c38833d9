"""The glossary has every term once, in order, and the terms of the code are in it."""

import ast
import re
from itertools import pairwise
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs" / "explanation" / "glossary.md"
OF_THE_MODEL: Final = ("exchange.py", "trace.py", "verdict.py", "catalogue.py")
PLAIN: Final = frozenset(
    {"Agent", "Connection", "Family", "LandingMode", "Level", "Notes", "Release", "Request"}
    | {"Response", "Sender", "Text", "TraceReader", "TransportFailure"}
)
"""What is named as in HTTP, or as what it is."""


def terms() -> dict[str, str]:
    """Return the terms with their explanations."""
    text = PAGE.read_text(encoding="utf-8")
    return dict(re.findall(r"(?m)^\*\*(.+)\*\*\n: (.+)$", text))


def test_every_term_is_explained_once_in_the_order_of_the_alphabet() -> None:
    found = re.findall(r"(?m)^\*\*(.+)\*\*$", PAGE.read_text(encoding="utf-8"))

    assert len(found) > 40
    assert list(terms()) == found
    assert [(a, b) for a, b in pairwise(found) if a.lower() >= b.lower()] == []


def test_every_explanation_is_a_sentence_or_two() -> None:
    assert [term for term, said in terms().items() if not said.endswith(".")] == []
    assert [term for term, said in terms().items() if said.count(". ") > 2] == []


def test_the_public_classes_of_the_model_are_explained() -> None:
    folder = ROOT / "src" / "idprobe" / "model"
    names = {
        node.name
        for file in OF_THE_MODEL
        for node in ast.parse((folder / file).read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    }
    known = {term.replace(" ", "").lower() for term in terms()}
    spoken = " ".join(terms().values()).lower()

    unknown = {
        name for name in names - PLAIN if name.lower() not in known and _words(name) not in spoken
    }

    assert unknown == set()


def _words(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
