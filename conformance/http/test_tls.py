"""RFC 9325 (BCP 195), RFC 8414 section 3 and RFC 7009 section 2: TLS, and what is said without."""

from idprobe.checks import (
    EvidenceError,
    Trace,
    Unsuited,
    requirement,
    tls_hosts,
    tls_versions,
    tls_versions_by_offer,
)

MODERN = {"TLSv1.2", "TLSv1.3"}
UNSAFE = {"NULL", "RC4"}
PLAIN = "-plain"


def _speaking(trace: Trace, version: str) -> list[str]:
    """Return the hosts that choose a version for some hello."""
    return sorted({host for host, _, spoken in tls_versions(trace) if spoken == version})


@requirement("RFC9325-3.1.1/no-ssl")
def test_ssl_is_not_spoken(tls_offers: Trace) -> None:
    """No host negotiates SSL 3; a hello of SSL 2 is of another form, and long gone with it."""
    spoken = _speaking(tls_offers, "SSLv3")
    assert not spoken, f"SSL 3 is spoken at {', '.join(spoken)}"


@requirement("RFC9325-3.1.1/no-tls-1-0")
def test_tls_1_0_is_not_spoken(tls_offers: Trace) -> None:
    """No host negotiates TLS 1.0."""
    spoken = _speaking(tls_offers, "TLSv1")
    assert not spoken, f"TLS 1.0 is spoken at {', '.join(spoken)}"


@requirement("RFC9325-3.1.1/no-tls-1-1")
def test_tls_1_1_is_not_spoken(tls_offers: Trace) -> None:
    """No host negotiates TLS 1.1."""
    spoken = _speaking(tls_offers, "TLSv1.1")
    assert not spoken, f"TLS 1.1 is spoken at {', '.join(spoken)}"


@requirement("RFC9325-3.1.1/tls-1-2-supported")
def test_tls_1_2_is_spoken(tls_offers: Trace) -> None:
    """Every host negotiates TLS 1.2, or is ahead and speaks TLS 1.3 alone."""
    spoken = {host for host, _, version in tls_versions(tls_offers) if version in MODERN}
    missing = sorted(set(tls_hosts(tls_offers)) - spoken)
    assert not missing, f"neither TLS 1.2 nor 1.3 is spoken at {', '.join(missing)}"


@requirement("RFC9325-3.1.1/tls-1-3-supported")
def test_tls_1_3_is_spoken(tls_offers: Trace) -> None:
    """Every host negotiates TLS 1.3 with who offers nothing else."""
    missing = sorted(set(tls_hosts(tls_offers)) - set(_speaking(tls_offers, "TLSv1.3")))
    assert not missing, f"TLS 1.3 is not spoken at {', '.join(missing)}"


@requirement("RFC9325-3.1.1/tls-1-3-preferred")
def test_tls_1_3_is_preferred(tls_offers: Trace) -> None:
    """A host that speaks TLS 1.3 chooses it where both it and TLS 1.2 are offered."""
    choices = tls_versions_by_offer(tls_offers)
    able = [host for host in tls_hosts(tls_offers) if choices.get(("TLSv1.3", host)) == "TLSv1.3"]
    if not able:
        raise Unsuited("no host speaks TLS 1.3")
    for host in able:
        version = choices.get(("both", host))
        if version is None:
            raise EvidenceError(f"{host} does not answer a hello that offers both versions")
        assert version == "TLSv1.3", f"{version} is preferred at {host}"


@requirement("RFC9325-4.1/no-null-or-rc4")
def test_no_suite_without_encryption_is_chosen(tls_offers: Trace) -> None:
    """No host chooses a suite without encryption, or with RC4."""
    unsafe = sorted(
        {f"{offer} at {h}" for h, offer, _ in tls_versions(tls_offers) if offer in UNSAFE}
    )
    assert not unsafe, f"{', '.join(unsafe)} is chosen"


@requirement("RFC8414-3/well-known-path-https")
def test_metadata_are_not_served_in_the_clear(documents_in_the_clear: Trace) -> None:
    """The metadata are under https, and under http nobody finds them."""
    twins = [exchange for exchange in documents_in_the_clear if exchange.step.endswith(PLAIN)]
    if not twins:
        raise EvidenceError("no metadata document is served under https")
    for exchange in twins:
        documents_in_the_clear.decide(exchange)
        answer = exchange.response
        served = answer is not None and answer.is_success and "issuer" in answer.text
        assert not served, f"{exchange.request.path} is served under http too"


@requirement("RFC7009-2/http-service-too")
def test_host_that_speaks_http_revokes_there_too(plain_twins: Trace) -> None:
    """A token that went in the clear can be revoked in the clear, where anything is served so."""
    if plain_twins["revocation"].response is None:
        raise EvidenceError("the revocation endpoint does not answer over TLS")
    plain = plain_twins["revocation-plain"]
    if plain.response is None or plain.response.is_redirect or plain.response.status == 421:
        raise Unsuited("the host serves nothing under plain http")
    is_served = plain.response.is_success or plain.response.error is not None
    assert is_served, f"plain http is answered with {plain.response.status}, not by the service"
