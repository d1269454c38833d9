"""The name by which a mutant or a variant is called: the words of its class, joined by hyphens."""

import re
from typing import Final

__all__ = ["kebab_case", "words_of"]

_WORD: Final = re.compile(r"(?:S|Es|Ps|Rs|Ed|Sha|Ssl|Tls|Latin)[0-9]+|[A-Z][a-z]*|[0-9]+")
"""A standard whose name ends in digits, a word, which may be one letter, or a number.

Class names here write acronyms as words (`Jwt`), so that each capital begins a word.
"""


def words_of(class_name: str) -> list[str]:
    """Return the words of a class name as they stand: `Are403AGrace` is Are, 403, A, Grace."""
    return _WORD.findall(class_name)


def kebab_case(class_name: str) -> str:
    """Return the words of a class name in small letters, joined by hyphens."""
    return "-".join(words_of(class_name)).lower()
