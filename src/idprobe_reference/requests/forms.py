"""Form-urlencoded parameters, read strictly enough to see what is wrong with them."""

from collections import Counter
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl, unquote_plus

__all__ = ["BadFormError", "Form", "form_decoded"]

_MAX_FIELDS = 200


class BadFormError(ValueError):
    """Octets that are no form-urlencoded UTF-8, or have too many parameters."""


class Form(Mapping[str, str]):
    """The parameters of a request; one without a value counts as absent (RFC 6749 section 3.1)."""

    __slots__ = ("_pairs", "_values")

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._pairs = tuple(pairs)
        self._values: dict[str, str] = {}
        for name, value in pairs:
            if value:
                self._values.setdefault(name, value)

    @classmethod
    def parse(cls, octets: bytes) -> "Form":
        """Return the parameters of `octets`; raises BadFormError."""
        try:
            text = octets.decode("ascii")
            pairs = parse_qsl(
                text,
                keep_blank_values=True,
                encoding="utf-8",
                errors="strict",
                max_num_fields=_MAX_FIELDS,
            )
        except ValueError as error:  # UnicodeError is one too
            raise BadFormError("not form-urlencoded UTF-8") from error
        return cls(pairs)

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Form({', '.join(self._values)})"

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Every parameter in the order in which it was sent."""
        return self._pairs

    def repeated(self) -> frozenset[str]:
        """Return the names that occur more than once; resource and audience may."""
        counts = Counter(name for name, _ in self._pairs)
        return frozenset(name for name, n in counts.items() if n > 1) - {"resource", "audience"}

    def everything(self, name: str) -> tuple[str, ...]:
        """Return all values sent under `name`, empty ones too."""
        return tuple(value for key, value in self._pairs if key == name)


def form_decoded(text: str) -> str:
    """Return the decoded half of a Basic credential (RFC 6749 appendix B); raises BadFormError."""
    try:
        return unquote_plus(text, encoding="utf-8", errors="strict")
    except UnicodeError as error:
        raise BadFormError("not form-urlencoded UTF-8") from error
