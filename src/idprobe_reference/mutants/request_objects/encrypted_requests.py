"""Mutants of encrypted Request Objects (OpenID Connect Core section 6.3.1)."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from collections.abc import Mapping
from typing import Any

from idprobe_reference.faults import AuthorizationFault
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig


@mutant(breaks=["OIDCC-6.3.1/encrypted-object-decrypted", "OIDCC-6.1/sign-then-encrypt"])
class EncryptedObjectsAreLocked(ReferenceServer):
    """No encrypted Request Object can be opened."""

    def opened(self, client: ClientConfig, token: str) -> str:
        del client
        return token


@mutant(breaks="OIDCC-6.3.1/decryption-failure-is-error")
class LockedObjectsAreIgnored(ReferenceServer):
    """A Request Object that cannot be opened is passed by."""

    def assembled(self, client: ClientConfig, form: Form) -> Form:
        try:
            return super().assembled(client, form)
        except AuthorizationFault as fault:
            if "decrypted" not in fault.description:
                raise
            return Form([pair for pair in form.pairs if pair[0] != "request"])


@mutant(breaks="OIDCC-6.3.1/nested-signature-validated")
class EnvelopesVouchForSignatures(ReferenceServer):
    """Nobody looks at the signature of a Request Object that came encrypted."""

    enveloped = ""

    def opened(self, client: ClientConfig, token: str) -> str:
        plain = super().opened(client, token)
        self.enveloped = "" if plain == token else plain
        return plain

    def request_signature_fits(
        self, client: ClientConfig, token: str, header: Mapping[str, Any]
    ) -> bool:
        return token == self.enveloped or super().request_signature_fits(client, token, header)
