"""What the id of a requirement says, and what the names of its stubs follow from."""

import re
from dataclasses import dataclass
from typing import Final, Self

__all__ = ["FILL_IN", "Name", "Refused"]

FILL_IN: Final = "FILL IN"
"""What a stub says wherever its author has to write something; a test finds what is left."""
ID: Final = re.compile(
    r"(?P<spec>[A-Z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*)-(?P<section>[0-9A-Z]+(?:\.[0-9]+)*)"
    r"/(?P<slug>[a-z0-9]+(?:-[a-z0-9]+)*)"
)


class Refused(Exception):
    """Stubs that cannot be written; the text is one sentence that says why."""


@dataclass(frozen=True, slots=True)
class Name:
    """The id of a requirement, taken apart: SPEC-SECTION/slug."""

    id: str
    spec: str
    section: str
    slug: str

    @classmethod
    def parse(cls, identifier: str) -> Self:
        """Return the parts of an id; raises Refused if it is none of a specification."""
        if identifier.startswith("contract/"):
            raise Refused(
                f"{identifier} is a promise of the contract, which begins as a key of "
                "fixtures/schemas/profile.schema.json: write its entry and check by hand"
            )
        found = ID.fullmatch(identifier)
        if found is None:
            raise Refused(
                f"{identifier!r} is no id: write SPEC-SECTION/slug, the slug in lower case "
                "with hyphens, such as RFC6749-5.1/cache-control-no-store"
            )
        return cls(identifier, found["spec"], found["section"], found["slug"])

    @property
    def words(self) -> str:
        """The slug as part of a Python name."""
        return self.slug.replace("-", "_")

    @property
    def test(self) -> str:
        """The name of the check function."""
        return f"test_{self.words}"

    @property
    def mutant_class(self) -> str:
        """The name of the mutant's class, until its author has a better one."""
        return "Breaks" + "".join(word.capitalize() for word in self.slug.split("-"))
