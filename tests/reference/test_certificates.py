from pathlib import Path

import pytest
from cryptography import x509

from idprobe_reference.certificates import make_certificates


@pytest.mark.parametrize("host", ["idp.test", "192.0.2.7"])
def test_a_certificate_is_good_for_its_host_and_for_loopback(host: str, tmp_path: Path) -> None:
    files = make_certificates(tmp_path, host)

    leaf = x509.load_pem_x509_certificates(files.chain_file.read_bytes())[0]
    found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    names = [str(one.value) for one in found]
    assert sorted(names) == sorted(["localhost", "127.0.0.1", "::1", host])
