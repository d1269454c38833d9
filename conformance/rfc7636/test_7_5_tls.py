"""RFC 7636 section 7.5: TLS as BCP 195 has it (RFC 8996, RFC 9325)."""

from idprobe.checks import (
    Trace,
    requirement,
    tls_versions,
)

OLD = {"SSLv3", "TLSv1", "TLSv1.1"}
BROKEN = {"NULL", "anonymous", "RC4", "EXPORT"}


@requirement("RFC7636-7.5/tls-per-bcp195")
def test_no_old_version_of_tls_is_spoken(tls_offers: Trace) -> None:
    """No host of the server speaks anything older than TLS 1.2."""
    spoken = {
        f"{version} ({host})" for host, _, version in tls_versions(tls_offers) if version in OLD
    }
    assert not spoken, f"{', '.join(sorted(spoken))} is spoken"


@requirement("RFC7636-7.5/tls-per-bcp195", "OIDCC-16.17/ciphersuite-confidential-and-integral")
def test_no_broken_cipher_suite_is_chosen(tls_offers: Trace) -> None:
    """No host chooses a suite without encryption, without a certificate, or with a broken one."""
    chosen = {f"{offer} ({host})" for host, offer, _ in tls_versions(tls_offers) if offer in BROKEN}
    assert not chosen, f"{', '.join(sorted(chosen))} is chosen"
