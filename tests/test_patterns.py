"""No regular expression that sees foreign text takes more than linear time at any text.

Each pattern of `src` is fed with texts made to be bad for it: what each of its repeats repeats,
many times, between what may begin and what must end it. Time that grows with the square of the
length, or faster, is many times the limit at the greatest length.
"""

import ast
import importlib
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest

sre: Final[Any] = importlib.import_module("re._constants")
sre_parser: Final[Any] = importlib.import_module("re._parser")
SOURCE: Final = Path(__file__).parents[1] / "src" / "idprobe"
OWN_TEXT: Final = {
    "audit", "claims", "conclusion", "coverage", "load/run/budget", "load/run/quantities",
    "load/schedule/ramp", "manual", "proving", "reference", "searching",
}  # fmt: skip
"""Modules whose patterns see what we or our user wrote: profiles, command lines, pages of ours."""
WAYS: Final = ("search", "match", "fullmatch", "finditer", "findall", "sub", "split")
LENGTHS: Final = (24, 400, 8_000)
LIMIT_S: Final = 0.1
FILLING: Final = {sre.CATEGORY_DIGIT: "7", sre.CATEGORY_WORD: "a", sre.CATEGORY_SPACE: " "}


@dataclass(frozen=True)
class Use:
    """A pattern and how it is asked."""

    module: str
    pattern: re.Pattern[Any]
    way: str

    def __str__(self) -> str:
        return f"{self.module}: {self.way} {self.pattern.pattern!r:.40}"


def module_of(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix().removesuffix(".py").removesuffix("/__init__")


def uses() -> Iterator[Use]:
    for path in sorted(SOURCE.rglob("*.py")):
        name = module_of(path)
        text = path.read_text(encoding="utf-8")
        is_own = any(name == one or name.startswith(f"{one}/") for one in OWN_TEXT)
        if is_own or ("import re\n" not in text and "re.compile" not in text):
            continue
        module = importlib.import_module(f"idprobe.{name.replace('/', '.')}")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                yield from uses_of(name, module, node, node.func)


def uses_of(name: str, module: ModuleType, call: ast.Call, way: ast.Attribute) -> Iterator[Use]:
    """Yield how a call asks a pattern: `PATTERN.search(...)`, or `re.search("...", ...)`."""
    if way.attr not in WAYS or not isinstance(way.value, ast.Name):
        return
    if way.value.id == "re":
        first = call.args[0]
        if isinstance(first, ast.Constant):
            yield Use(name, re.compile(first.value), way.attr)
        return
    pattern = getattr(module, way.value.id, None)
    if isinstance(pattern, re.Pattern):
        yield Use(name, pattern, way.attr)


def one_of(node: Any) -> str:  # noqa: PLR0911 -- one for each kind of part
    """Return a shortest text that a parsed part of a pattern takes."""
    kind, value = node
    match kind:
        case sre.LITERAL:
            return chr(value)
        case sre.NOT_LITERAL:
            return "b" if value == ord("a") else "a"
        case sre.ANY:
            return "a"
        case sre.IN:
            return one_of_class(value)
        case sre.BRANCH:
            return str(min((text_of(branch) for branch in value[1]), key=len))
        case sre.SUBPATTERN:
            return text_of(value[-1])
        case sre.MAX_REPEAT | sre.MIN_REPEAT | sre.POSSESSIVE_REPEAT:
            times: int = max(1, min(value[0], 40))
            return text_of(value[2]) * times
        case sre.ATOMIC_GROUP:
            return text_of(value)
        case _:
            return ""


def one_of_class(members: Any) -> str:
    kind, value = members[0]
    if kind is sre.NEGATE:
        taken = {value for kind, value in members[1:] if kind is sre.LITERAL}
        return next(one for one in "a7_ -~" if ord(one) not in taken)
    if kind is sre.LITERAL:
        return chr(value)
    if kind is sre.RANGE:
        return chr(value[0])
    return str(FILLING.get(value, "-"))


def text_of(parsed: Any) -> str:
    return "".join(map(one_of, parsed))


def pumps(parsed: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """Yield (what may stand before a repeat, what the repeat repeats), nested ones too."""
    for node in parsed:
        kind, value = node
        if kind in {sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT}:
            if value[1] > min(LENGTHS):
                for part in {text_of(value[2]), *alternatives(value[2])} - {""}:
                    yield before, part
            yield from pumps(value[2], before)
        elif kind is sre.SUBPATTERN:
            yield from pumps(value[-1], before)
        elif kind is sre.BRANCH:
            for branch in value[1]:
                yield from pumps(branch, before)
        elif kind in {sre.ASSERT, sre.ASSERT_NOT}:
            yield from pumps(value[1], before)
        before += one_of(node)
    yield "", before or "a"


def alternatives(parsed: Any) -> Iterator[str]:
    for kind, value in parsed:
        if kind is sre.BRANCH:
            yield from map(text_of, value[1])
        elif kind is sre.SUBPATTERN:
            yield from alternatives(value[-1])


def texts(use: Use) -> Iterator[Callable[[int], Any]]:
    """Yield what makes bad texts of a length."""
    pattern = use.pattern.pattern
    parsed = sre_parser.parse(pattern, use.pattern.flags)
    for before, part in sorted(set(pumps(parsed))):
        for end in ("", "\0", "\n\0", " ", '"'):

            def make(length: int, before: str = before, part: str = part, end: str = end) -> Any:
                text = before + part * (length // len(part)) + end
                return text.encode("latin-1", "replace") if isinstance(pattern, bytes) else text

            yield make


def asked(use: Use, text: Any) -> None:
    if use.way == "sub":
        use.pattern.sub(text[:0], text)
    else:
        found = getattr(use.pattern, use.way)(text)
        if use.way == "finditer":
            list(found)


@pytest.mark.parametrize("use", list(dict.fromkeys(uses())), ids=str)
def test_no_pattern_takes_more_than_linear_time(use: Use) -> None:
    for make in texts(use):
        for length in LENGTHS:
            text = make(length)
            begun = time.process_time()
            asked(use, text)
            assert time.process_time() - begun < LIMIT_S, (length, text[:60])


def test_the_patterns_are_found_and_a_bad_one_is_noticed() -> None:
    bad = Use("here", re.compile(r"(?:a|a)*b"), "match")

    assert len(set(uses())) > 40
    with pytest.raises(AssertionError):
        test_no_pattern_takes_more_than_linear_time(bad)
