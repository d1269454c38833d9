"""The TLS settings of a profile, of which the environment has no part.

`ssl.create_default_context` trusts what SSL_CERT_FILE and SSL_CERT_DIR name, and writes the keys of
all sessions to the file that SSLKEYLOGFILE names. Whoever sets a variable of a pipeline would read
credentials by either, so a context is made here from the compiled-in places of the system's store.
"""

import os
import ssl
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import certifi

from idprobe.model.profile import Tls

__all__ = ["IGNORED_VARIABLES", "environment_of_browsers", "tls_context"]

IGNORED_VARIABLES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR")
NOT_FOR_BROWSERS: Final = frozenset(
    {"ALL_PROXY", "FTP_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "SSLKEYLOGFILE"}
)
BUNDLES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
"""Where systems keep their store, for a Python that was built elsewhere."""
WINDOWS_STORES: Final = ("CA", "ROOT")
SERVER_AUTH: Final = ssl.Purpose.SERVER_AUTH.oid


def tls_context(tls: Tls) -> ssl.SSLContext:
    """Return the TLS settings of a profile; verification is off only where it says `insecure`.

    Without a `ca_file` the system's own store is trusted.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if sys.version_info >= (3, 13):  # as ssl.create_default_context does from there on
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VERIFY_X509_STRICT
    if tls.ca_file is not None:
        context.load_verify_locations(cafile=str(tls.ca_file))
    elif sys.platform == "win32":
        _trust_windows(context)
    else:
        _trust_system(context)
    if tls.client_cert is not None:
        context.load_cert_chain(tls.client_cert, tls.client_key)
    if tls.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def environment_of_browsers(given: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without proxies, and without a file for the keys of TLS."""
    return {name: value for name, value in given.items() if name.upper() not in NOT_FOR_BROWSERS}


def _trust_system(context: ssl.SSLContext) -> None:
    """Trust the first file of authorities that is there, and the folder that OpenSSL looks in."""
    compiled_in = ssl.get_default_verify_paths()
    files = (compiled_in.openssl_cafile, *BUNDLES)
    file = next((path for path in files if os.access(path, os.R_OK)), None)
    folder = compiled_in.openssl_capath
    folder_there = folder if Path(folder).is_dir() else None
    if file is None and (folder_there is None or not any(Path(folder_there).iterdir())):
        file = certifi.where()
    context.load_verify_locations(cafile=file, capath=folder_there)


def _trust_windows(context: ssl.SSLContext) -> None:
    for certificate in _windows_authorities():
        context.load_verify_locations(cadata=certificate)


def _windows_authorities() -> Iterator[bytes]:
    """Yield the authorities that Windows trusts to name servers."""
    if sys.platform == "win32":
        for store in WINDOWS_STORES:
            for certificate, encoding, trust in ssl.enum_certificates(store):
                trusted = trust is True or (not isinstance(trust, bool) and SERVER_AUTH in trust)
                if encoding == "x509_asn" and trusted:
                    yield certificate
    else:
        yield from ()
