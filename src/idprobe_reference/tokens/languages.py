"""Claims in several languages (OpenID Connect Core section 5.2)."""

from collections.abc import Iterable, Mapping
from typing import Any

from idprobe_reference.core import Core

__all__ = ["Languages"]


class Languages(Core):
    """The decisions about language tags; those of stored claims are in their registered case."""

    def named_claim(self, known: Mapping[str, Any], name: str) -> tuple[str, Any]:
        """Return a claim that is asked for by name, its tag read without regard to case."""
        plain, mark, _ = name.partition("#")
        if mark:
            for stored, value in known.items():
                if self.same_name(stored, name):
                    return stored, value
            return name, None
        return plain, known.get(plain)

    def same_name(self, stored: str, asked: str) -> bool:
        """Return whether two names are the same, the case of their language tags apart."""
        return stored.partition("#")[0] == asked.partition("#")[0] and (
            stored.casefold() == asked.casefold()
        )

    def in_language(
        self, known: Mapping[str, Any], name: str, locales: Iterable[str]
    ) -> dict[str, Any]:
        """Return a claim in the first language that there is, without its tag."""
        for locale in locales:
            for stored, value in known.items():
                plain, mark, tag = stored.partition("#")
                if mark and plain == name and self.locale_fits(locale, tag):
                    return {self.name_in_one_language(stored): value}
        return {name: known[name]} if known.get(name) not in (None, "") else {}

    def name_in_one_language(self, stored: str) -> str:
        """Return the name of a claim that comes in one language only."""
        return stored.partition("#")[0]

    def locale_fits(self, wanted: str, tag: str) -> bool:
        """Return whether a tag is the wanted one, or more of the same (de and de-CH)."""
        return f"{tag}-".casefold().startswith(f"{wanted}-".casefold())
