"""The WWW-Authenticate header, read as RFC 9110 section 11.6.1 has it."""

import re
from dataclasses import dataclass
from typing import Final

from idprobe.errors import EvidenceError
from idprobe.model.exchange import Exchange, Pairs

__all__ = ["Challenge", "bearer_challenge", "challenges"]

TOKEN: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # noqa: S105 -- a grammar, no secret
PARAMETER: Final = re.compile(rf'({TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|({TOKEN}))')
SCHEME: Final = re.compile(rf"({TOKEN})(?:\s+|\Z|(?=,))")
TOKEN68: Final = re.compile(r"[A-Za-z0-9\-._~+/]+=*(?=\s*(?:,|\Z))")
COMMAS: Final = re.compile(r"[\s,]*")


@dataclass(frozen=True, slots=True)
class Challenge:
    """One challenge: its scheme in lower case, and its parameters as they came, quotes removed."""

    scheme: str
    parameters: Pairs = ()

    def values(self, name: str) -> tuple[str, ...]:
        """Return every value of a parameter, whose name is read without case."""
        return tuple(value for key, value in self.parameters if key.lower() == name)

    def get(self, name: str) -> str | None:
        """Return the first value of a parameter, None without it."""
        values = self.values(name)
        return values[0] if values else None


def challenges(exchange: Exchange) -> tuple[Challenge, ...]:
    """Return the challenges of an answer, in order; raises EvidenceError if one cannot be read."""
    found: list[Challenge] = []
    for header in exchange.answered.all_headers("www-authenticate"):
        found.extend(_read(header))
    return tuple(found)


def bearer_challenge(exchange: Exchange) -> Challenge:
    """Return the Bearer challenge of an answer; raises EvidenceError without one."""
    for challenge in challenges(exchange):
        if challenge.scheme == "bearer":
            return challenge
    raise EvidenceError(f"the answer has no Bearer challenge: {exchange}")


def _read(header: str) -> list[Challenge]:
    found: list[Challenge] = []
    place = _end(COMMAS, header, 0)
    while place < len(header):
        parameter = PARAMETER.match(header, place)
        if parameter is not None and found:
            value = parameter[3] if parameter[2] is None else re.sub(r"\\(.)", r"\1", parameter[2])
            last = found.pop()
            found.append(Challenge(last.scheme, (*last.parameters, (parameter[1], value))))
            place = parameter.end()
        else:
            scheme = SCHEME.match(header, place)
            if scheme is None:
                raise EvidenceError("the WWW-Authenticate header cannot be read")
            found.append(Challenge(scheme[1].lower()))
            place = scheme.end()
            opaque = TOKEN68.match(header, place)
            if opaque is not None:
                place = opaque.end()
        place = _end(COMMAS, header, place)
    return found


def _end(pattern: re.Pattern[str], text: str, place: int) -> int:
    matched = pattern.match(text, place)
    return matched.end() if matched else place
