"""The secrets of a run and their pseudonyms."""

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final, Self

from idprobe.formats.jose import looks_like_jwt, read_jwt, verified_by
from idprobe.formats.jwe import Opened, header_of_jwe, opened, secret_key
from idprobe.model.exchange import Exchange
from idprobe.model.profile import Profile, is_ordinary, public_texts
from idprobe.model.trace import Trace
from idprobe.redaction.cover import PSEUDONYM, Cover, readable_texts
from idprobe.redaction.facts import Verifier, facts_of, nobody
from idprobe.redaction.finding import GLOBAL_LENGTH, Finder
from idprobe.redaction.places import bounded, secret_members, secrets_of

__all__ = ["Vault"]

ISSUED: Final = frozenset({"access_token", "id_token", "jwt", "logout_token", "response_object"})
"""The kinds of JWTs that a server signs with its own keys."""


class Vault:
    """The secrets of one run: it gives each a pseudonym, and keeps what may be known of it.

    It may be used by several threads.
    """

    def __init__(
        self, secrets: Iterable[tuple[str, str]] = (), public: tuple[str, ...] = ()
    ) -> None:
        """Start with the secrets of a profile as (kind, value) pairs.

        What is part of a public text is covered only where a secret is expected.
        """
        self.verifier: Verifier = nobody
        self._pseudonyms: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._facts: dict[str, Mapping[str, Any]] = {}
        self._finder = Finder()
        self._public = public
        self._lock = threading.RLock()
        self._client_secrets: dict[str, str] = {}
        self._keys: list[Mapping[str, Any]] = []
        self._unverified: dict[str, tuple[str, str]] = {}
        for kind, value in secrets:
            self.learn(kind, value)
            if value and len(value) < GLOBAL_LENGTH and not is_ordinary(value, public):
                self._finder.add(value)

    @classmethod
    def of(cls, profile: Profile) -> Self:
        """Return a vault with the secrets of a profile."""
        return cls(profile.secrets(), public_texts(profile))

    def learn(self, kind: str, value: str) -> None:
        """Give a secret its pseudonym, unless it has one; an empty value is no secret.

        A short one that a server chose is covered only where a secret is expected.
        """
        with self._lock:
            if value and value not in self._pseudonyms:
                self._learn(kind, value)

    def _learn(self, kind: str, value: str) -> None:
        self._counts[kind] = number = self._counts.get(kind, 0) + 1
        pseudonym = f"‹{kind}-{number}›"
        self._pseudonyms[value] = pseudonym
        if len(value) >= GLOBAL_LENGTH and not is_ordinary(value, self._public):
            self._finder.add(value)
        if kind == "client_secret":
            self._client_secrets[value] = pseudonym
        self._facts[pseudonym] = facts = facts_of(kind, value, self._verified_by, self._opened)
        if kind in ISSUED and _lacks_a_key(facts):
            self._unverified[pseudonym] = (kind, value)
        if looks_like_jwt(value):
            self.learn("signature", value.rpartition(".")[2])
        for inner, secret in secret_members(facts.get("jwt", facts).get("claims")):
            self.learn(inner, secret)  # a token for another server may be among the claims

    def learn_from(self, exchanges: Iterable[Exchange]) -> None:
        """Give every secret in exchanges its pseudonym."""
        for exchange in exchanges:
            for kind, value in secrets_of(bounded(exchange)):
                self.learn(kind, value)

    def strange_keys(self) -> frozenset[tuple[str, str]]:
        """Return kid and algorithm of what a server may have issued and no known key verifies."""
        headers = (self._facts[one]["jwt"]["header"] for one in self._unverified)
        return frozenset((str(one.get("kid")), str(one.get("alg"))) for one in headers)

    def verify_again(self) -> None:
        """Look again at what no key verified, now that the verifier knows of more keys."""
        for pseudonym, (kind, value) in tuple(self._unverified.items()):
            facts = facts_of(kind, value, self._verified_by, self._opened)
            if facts.get("verified_by") is not None:
                self._facts[pseudonym] = facts
                del self._unverified[pseudonym]

    def hold(self, key: Mapping[str, Any]) -> None:
        """Keep a private JWK of a client of ours, to open what is encrypted to it."""
        if key not in self._keys:
            self._keys.append(key)

    def _verified_by(self, token: str) -> Mapping[str, Any] | None:
        """Return which key verifies a JWT; of a client's secret its pseudonym is told."""
        found = self.verifier(token)
        if not (read_jwt(token).alg or "").startswith("HS"):
            return found
        for secret, pseudonym in self._client_secrets.items():
            by_secret = verified_by(token, {"keys": []}, secret=secret)
            if by_secret is not None:
                return {**by_secret, "secret": pseudonym}
        return found

    def _opened(self, token: str) -> Opened | None:
        """Return what is in a JWE that a key or a secret of ours opens."""
        header = header_of_jwe(token)
        names = str(header.get("alg")), str(header.get("enc"))
        made = (secret_key(secret, *names) for secret in self._client_secrets)
        return opened(token, [*self._keys, *(key for key in made if key is not None)])

    def known(self) -> frozenset[str]:
        """Return the secrets themselves, for a test that searches what was written."""
        return frozenset(self._pseudonyms)

    def scrub(self, text: str) -> str:
        """Return text without any known secret, in whatever spelling it stands there."""
        with self._lock:
            return self._cover.text(text)

    def scrub_json(self, value: Any) -> Any:
        """Return a value of JSON without any known secret in its texts and names."""
        with self._lock:
            return self._cover.values(value)

    def redact(self, trace: Trace) -> Trace:
        """Return the trace with pseudonyms for secrets, and the facts of each; idempotent."""
        if trace.redacted:
            return trace
        with self._lock:
            kept = tuple(map(bounded, trace.exchanges))
            self.learn_from(kept)
            cover = self._cover
            exchanges = tuple(map(cover.exchange, kept))
            facts = self._facts_in(exchanges)
            return replace(trace, exchanges=exchanges, facts=facts, redacted=True)

    @property
    def _cover(self) -> Cover:
        return Cover(self._pseudonyms, self._finder)

    def _facts_in(self, exchanges: Iterable[Exchange]) -> dict[str, Mapping[str, Any]]:
        """Return the facts of the pseudonyms that occur, themselves free of secrets."""
        found: dict[str, None] = {}
        for exchange in exchanges:
            for text in readable_texts(exchange):
                found.update(dict.fromkeys(PSEUDONYM.findall(text)))
        facts = {name: self._facts[name] for name in found if name in self._facts}
        told = json.dumps(facts)
        plain: dict[str, Mapping[str, Any]] = json.loads(told)
        hidden = bool(self._finder.spans(told.encode()))
        return {name: self._cover.values(one) for name, one in plain.items()} if hidden else plain


def _lacks_a_key(facts: Mapping[str, Any]) -> bool:
    """Return whether a value is a JWT that a public key may verify, and no known one does."""
    alg = str(facts["jwt"]["header"].get("alg")) if "jwt" in facts else "none"
    return facts.get("verified_by") is None and alg != "none" and not alg.startswith("HS")
