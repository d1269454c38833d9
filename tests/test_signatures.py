"""A signature over the manifest: whose evidence it is, and that nobody sealed it anew."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from idprobe.errors import EvidenceError, UsageError
from idprobe.evidence.archives import packed
from idprobe.evidence.seals import SealState, digests_of, octets_of
from idprobe.evidence.signatures import SIGNING_KEY, key_id, signing_key, verify_key
from idprobe.evidence.store import Evidence, read_evidence
from idprobe.redaction import Vault

CALL = ("audit", "reference", "-k", "cache-control-no-store", "--format", "badge", "-o", "out")
KEY = Ed25519PrivateKey.generate()
OTHER = Ed25519PrivateKey.generate()


def pem(key: Ed25519PrivateKey) -> str:
    octets = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return octets.decode()


def public_file(folder: Path, key: Ed25519PrivateKey) -> Path:
    path = folder / f"{key_id(key.public_key())}.pem"
    octets = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    path.write_bytes(octets)
    return path


@pytest.fixture(name="evidence")
def evidence_(tmp_path: Path) -> Path:
    """Return a folder of evidence that a key has signed."""
    evidence = Evidence(tmp_path / "evidence", Vault([]))
    evidence.begin({"profile": {}})
    seal = evidence.seal({"tool": "1"}, KEY)
    assert seal.signed_by == key_id(KEY.public_key())
    return tmp_path / "evidence"


def idprobe(
    *arguments: str, folder: Path, key: str | None = None
) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if name != SIGNING_KEY}
    return subprocess.run(
        [sys.executable, "-m", "idprobe", *arguments],
        cwd=folder,
        env=environ if key is None else {**environ, SIGNING_KEY: key},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_signed_evidence_is_of_its_key(evidence: Path) -> None:
    seal = read_evidence(evidence, signed_by=KEY.public_key()).seal

    assert seal is not None
    assert (seal.state, seal.signed_by) == (SealState.SEALED, key_id(KEY.public_key()))
    assert seal.told == f"the evidence is signed by key {seal.signed_by}"


def test_a_signature_that_nobody_verified_is_not_told(evidence: Path) -> None:
    seal = read_evidence(evidence).seal

    assert seal is not None
    assert (seal.state, seal.signed_by) == (SealState.SEALED, None)


def test_evidence_sealed_anew_by_another_is_refused(evidence: Path) -> None:
    (evidence / "run.json").write_text('{"profile": {"name": "x"}}', encoding="utf-8")
    manifest = json.dumps({"sha256": digests_of(octets_of(evidence))})
    (evidence / "manifest.json").write_text(manifest, encoding="utf-8")

    assert read_evidence(evidence).seal is not None
    with pytest.raises(EvidenceError, match=r"manifest\.json\.sig is no signature by key"):
        read_evidence(evidence, signed_by=KEY.public_key())


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ("manifest.json.sig", r"is not signed: there is no manifest\.json\.sig"),
        ("manifest.json", r"has no manifest\.json, so that no key has signed it"),
    ],
)
def test_what_no_key_has_signed_is_refused(gone: str, said: str, evidence: Path) -> None:
    (evidence / gone).unlink()

    with pytest.raises(EvidenceError, match=said):
        read_evidence(evidence, signed_by=KEY.public_key())


def test_evidence_of_another_key_is_refused(evidence: Path) -> None:
    with pytest.raises(EvidenceError, match="another key made it"):
        read_evidence(evidence, signed_by=OTHER.public_key())


@pytest.mark.parametrize("text", ["", "  \n"])
def test_a_variable_that_is_empty_is_no_key(text: str) -> None:
    assert signing_key({SIGNING_KEY: text}) is None
    assert signing_key({}) is None


def test_what_is_no_signing_key_is_told_without_its_text() -> None:
    elliptic = generate_private_key(SECP256R1())
    strange = elliptic.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    for text in ("s3cr3t", strange, pem(KEY)[:60]):
        with pytest.raises(UsageError, match="is no Ed25519 private key") as caught:
            signing_key({SIGNING_KEY: text})
        assert text not in str(caught.value)


def test_what_is_no_verify_key_is_told(tmp_path: Path) -> None:
    private = tmp_path / "private.pem"
    private.write_text(pem(KEY), encoding="utf-8")

    with pytest.raises(UsageError, match="is no Ed25519 public key"):
        verify_key(private)
    with pytest.raises(UsageError, match="cannot be read"):
        verify_key(tmp_path / "nowhere.pem")
    assert verify_key(public_file(tmp_path, KEY)) == KEY.public_key()


def test_an_audit_signs_and_judge_verifies(tmp_path: Path) -> None:
    ours, strange = public_file(tmp_path, KEY), public_file(tmp_path, OTHER)

    done = idprobe(*CALL, folder=tmp_path, key=pem(KEY))
    evidence = tmp_path / "out" / "evidence"
    packed(evidence, tmp_path / "evidence.tar.xz")
    options = ("-k", "cache-control-no-store", "--verify-key")
    sound = idprobe("judge", "evidence.tar.xz", *options, str(ours), "-o", "a", folder=tmp_path)
    refused = idprobe("judge", "out", *options, str(strange), "-o", "b", folder=tmp_path)

    assert done.returncode == 0, done.stderr
    for folder in (tmp_path / "out", tmp_path / "a"):
        record = json.loads((folder / "results.json").read_text(encoding="utf-8"))
        assert record["evidence"]["signed_by"] == key_id(KEY.public_key())
    assert sound.returncode == 0, sound.stderr
    assert refused.returncode == 2
    assert len(refused.stderr.splitlines()) == 1
    assert not (tmp_path / "b").exists()
    secret = pem(KEY).splitlines()[1]
    for path in (tmp_path / "out").rglob("*"):
        assert path.is_dir() or secret.encode() not in path.read_bytes(), path


def test_a_key_that_is_none_ends_a_run_before_it_begins(tmp_path: Path) -> None:
    done = idprobe(*CALL, folder=tmp_path, key="nonsense")

    assert done.returncode == 2
    assert f"{SIGNING_KEY} is no Ed25519 private key" in done.stderr
    assert not (tmp_path / "out").exists()


def test_unsealed_and_verify_key_exclude_each_other(tmp_path: Path, evidence: Path) -> None:
    ours = public_file(tmp_path, KEY)

    done = idprobe("judge", str(evidence), "--unsealed", "--verify-key", str(ours), folder=tmp_path)

    assert done.returncode == 2
    assert "leave one" in done.stderr


def test_the_signature_is_the_64_octets_that_openssl_verifies(evidence: Path) -> None:
    signature = (evidence / "manifest.json.sig").read_bytes()

    assert len(signature) == 64
    KEY.public_key().verify(signature, (evidence / "manifest.json").read_bytes())
