"""Whom a client knows a person as: by public or pairwise identifiers (OIDC Core section 8)."""

import hashlib
import hmac
import json
from collections.abc import Sequence
from urllib.parse import urlsplit

from idprobe_reference.core import Core
from idprobe_reference.faults import OAuthFault
from idprobe_reference.outbound import Fetched, OutboundError
from idprobe_reference.settings import ClientConfig, UserConfig

__all__ = ["Subjects"]


class Subjects(Core):
    """The decisions about Subject Identifiers, and the sectors that they are for."""

    def subject_for(self, client: ClientConfig, user: UserConfig) -> str:
        """Return how a client knows a person: pairwise, by its sector (section 8.1), or not."""
        if client.subject_type == "public":
            return user.sub
        message = f"{self.sector_of(client)}\0{user.sub}".encode()
        return hmac.new(self.pairwise_salt, message, hashlib.sha256).hexdigest()

    def sector_of(self, client: ClientConfig) -> str:
        """Return the sector identifier: the host of its document, or of the redirect URIs."""
        uri = client.sector_identifier_uri or next(iter(client.redirect_uris), "")
        return urlsplit(uri).hostname or uri

    async def check_sector(self, client: ClientConfig) -> None:
        """Refuse a client whose sector does not list its redirect URIs (Registration section 5)."""
        uri = client.sector_identifier_uri
        if uri is None:
            hosts = {urlsplit(one).hostname for one in client.redirect_uris}
            if client.subject_type == "pairwise" and self.sector_is_needed(hosts):
                raise OAuthFault("invalid_client_metadata", "sector_identifier_uri is missing")
            return
        try:
            listed = self.read_sector(await self.outbound.get(uri, "application/json"))
        except (OutboundError, ValueError, RecursionError) as error:
            raise OAuthFault("invalid_client_metadata", "there is no sector document") from error
        if not self.sector_covers(listed, client.redirect_uris):
            raise OAuthFault("invalid_client_metadata", "the sector lists other redirect_uris")

    def sector_is_needed(self, hosts: set[str | None]) -> bool:
        """Return whether redirect URIs leave open which sector a pairwise client is of."""
        return len(hosts) > 1

    def read_sector(self, fetched: Fetched) -> list[str]:
        """Return the redirect URIs of a sector document; raises ValueError if it is none."""
        listed = json.loads(fetched.body)
        if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
            raise ValueError("no array of texts")
        return listed

    def sector_covers(self, listed: Sequence[str], redirect_uris: Sequence[str]) -> bool:
        """Return whether all redirect URIs of a client are in the sector document."""
        return set(redirect_uris) <= set(listed)
