"""Mutants that take software statements, and look at them with one eye shut."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

import base64
import json
from typing import Any

from idprobe_reference.faults import OAuthFault
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig

_FEATURES = ("software_statement",)
_PARTS = 3


class StatementServer(ReferenceServer):
    """Reads software statements, and trusts nobody's: no mutant itself, as RFC 7591 allows it."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        statement = body.pop("software_statement", None)
        if statement is not None:
            self._judge(str(statement))
        return super().client_of_metadata(body, client_id, secret)

    def _judge(self, statement: str) -> None:
        """Refuse a statement that is none, that nobody signed, and that nobody knows."""
        if statement.count(".") != _PARTS - 1:
            raise OAuthFault(self._invalid(), "that is no statement")
        header, claims, _ = (_decoded(part) for part in statement.split("."))
        if header.get("alg") == "none" and self._wants_signature():
            raise OAuthFault("invalid_software_statement", "the statement is not signed")
        if "iss" not in claims and self._wants_issuer():
            raise OAuthFault("invalid_software_statement", "the statement has no issuer")
        if header.get("alg") != "none" and "iss" in claims and not self._trusts():
            raise OAuthFault("unapproved_software_statement", "the issuer is not known")

    def _invalid(self) -> str:
        return "invalid_software_statement"

    def _wants_signature(self) -> bool:
        return True

    def _wants_issuer(self) -> bool:
        return True

    def _trusts(self) -> bool:
        return False


def _decoded(part: str) -> dict[str, Any]:
    try:
        found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


@mutant(breaks="RFC7591-2.3/software-statement-signed", features=_FEATURES)
class StatementsNeedNoSignature(StatementServer):
    """A statement of the algorithm none is believed."""

    def _wants_signature(self) -> bool:
        return False


@mutant(breaks="RFC7591-2.3/software-statement-iss", features=_FEATURES)
class StatementsNeedNoIssuer(StatementServer):
    """A statement that nobody says to have made is believed."""

    def _wants_issuer(self) -> bool:
        return False


@mutant(breaks="RFC7591-3.2.2/invalid-software-statement", features=_FEATURES)
class BadStatementsAreBadMetadata(StatementServer):
    """What is no statement is called invalid_client_metadata."""

    def _invalid(self) -> str:
        return "invalid_client_metadata"


@mutant(breaks="RFC7591-3.2.2/unapproved-software-statement", features=_FEATURES)
class StatementsOfStrangersAreBelieved(StatementServer):
    """A statement is believed whoever signed it."""

    def _trusts(self) -> bool:
        return True
