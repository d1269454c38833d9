"""RFC 7517 and RFC 7518: the keys that the server publishes."""

import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from idprobe.checks import (
    EvidenceError,
    IssuedJwt,
    Trace,
    Unsuited,
    document,
    id_token,
    issued_jwts,
    metadata,
    published_keys,
    requirement,
    text_in,
    texts_in,
)

PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth"})
BARE = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x"), "AKP": ("alg", "pub")}
CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "ES256K": "secp256k1"}
COORDINATE_OCTETS = {"P-256": 32, "P-384": 48, "P-521": 66, "secp256k1": 32}
BASE64URL = re.compile(r"[A-Za-z0-9_-]+\Z")
KINDS_OF_OPERATIONS = ({"sign", "verify"}, {"encrypt", "decrypt"}, {"wrapKey", "unwrapKey"})
OPERATIONS_OF_USE = {
    "sig": {"sign", "verify"},
    "enc": {"encrypt", "decrypt", "wrapKey", "unwrapKey", "deriveKey", "deriveBits"},
}


def _of_kind(trace: Trace, kty: str) -> Sequence[Mapping[str, Any]]:
    found = [key for key in published_keys(trace) if key.get("kty") == kty]
    if not found:
        raise Unsuited(f"the JWK Set has no {kty} key")
    return found


def _octets(key: Mapping[str, Any], name: str) -> bytes:
    value = key.get(name)
    if not isinstance(value, str) or not BASE64URL.match(value):
        raise EvidenceError(f"{name} of a key is no base64url text")
    return urlsafe_b64decode(value + "=" * (-len(value) % 4))


def _fits(alg: str, key: Mapping[str, Any]) -> bool:
    """Return whether an algorithm is one for keys of this kind."""
    match key.get("kty"):
        case "RSA":
            return alg.startswith(("RS", "PS"))
        case "EC":
            return alg.startswith("ECDH") or CURVES.get(alg) == key.get("crv")
        case "OKP":
            return alg in ("EdDSA", key.get("crv")) or alg.startswith("ECDH")
        case _:
            return True


@requirement("RFC7517-5/keys-array")
def test_a_jwk_set_has_an_array_of_keys(keys_document: Trace) -> None:
    """A JWK Set is an object with an array of objects named keys."""
    keys = document(keys_document, "keys").get("keys")
    assert isinstance(keys, list), "keys is missing or no array"
    assert all(isinstance(key, Mapping) for key in keys), "keys has a member that is no object"


@requirement("RFC7517-4/unique-member-names")
def test_member_names_of_keys_are_unique(keys_document: Trace) -> None:
    """No member of a key occurs twice."""
    response = keys_document["keys"].answered
    try:
        keys = response.json_object
    except EvidenceError as error:
        if "repeated" not in str(error):
            raise
        raise AssertionError(str(error)) from None
    assert keys, "the object is empty"


@requirement("RFC7517-4.1/kty-present")
def test_keys_have_a_known_type(keys_document: Trace) -> None:
    """Each key has a type, in the letter case of the registry, or one that is a URI."""
    for key in published_keys(keys_document):
        kty = key.get("kty")
        assert isinstance(kty, str), "kty is missing or no string"
        assert kty in {*BARE, "oct", "AKP"} or ":" in kty, f"kty is {kty[:20]}"


@requirement("RFC7517-4.2/use-values")
def test_use_is_sig_or_enc(keys_document: Trace) -> None:
    """use, where it is there, is sig or enc."""
    for key in published_keys(keys_document):
        use = key.get("use", "sig")
        assert use in ("sig", "enc"), f"use is {use!s:.20}"


@requirement("RFC7517-4.3/key-ops-no-duplicates")
def test_key_operations_occur_once(keys_document: Trace) -> None:
    """key_ops is an array of distinct strings."""
    for key in published_keys(keys_document):
        operations = key.get("key_ops", [])
        assert isinstance(operations, list), "key_ops is no array"
        assert len(operations) == len(set(map(str, operations))), "key_ops has duplicates"


@requirement("RFC7517-4.3/no-unrelated-key-ops")
def test_key_operations_belong_together(keys_document: Trace) -> None:
    """One key does not serve unrelated operations."""
    for key in published_keys(keys_document):
        operations = set(texts_in(key, "key_ops", []))
        kinds = [kind for kind in KINDS_OF_OPERATIONS if kind & operations]
        assert len(kinds) <= 1, "key_ops mixes unrelated operations"


@requirement("RFC7517-4.3/use-and-key-ops-not-together")
def test_use_and_key_operations_are_not_both_there(keys_document: Trace) -> None:
    """A key says what it is for in one way."""
    for key in published_keys(keys_document):
        assert not {"use", "key_ops"} <= key.keys(), "a key has both use and key_ops"


@requirement("RFC7517-4.3/use-and-key-ops-consistent")
def test_use_and_key_operations_agree(keys_document: Trace) -> None:
    """Where both are there they say the same."""
    for key in published_keys(keys_document):
        allowed = OPERATIONS_OF_USE.get(str(key.get("use")))
        others = set(texts_in(key, "key_ops", [])) - (allowed or set())
        assert allowed is None or not others, "use and key_ops contradict each other"


@requirement("RFC7517-4.4/alg-fits-key")
def test_alg_fits_the_key(keys_document: Trace) -> None:
    """alg, where it is there, is one for this kind of key."""
    for key in published_keys(keys_document):
        if "alg" in key:
            assert isinstance(key["alg"], str), "alg is no string"
            assert _fits(key["alg"], key), f"{key['alg'][:20]} is not for {key.get('kty')} keys"


@requirement("RFC7517-4.5/distinct-kid")
def test_kids_are_distinct(keys_document: Trace) -> None:
    """Different keys have different names."""
    kids = [key["kid"] for key in published_keys(keys_document) if "kid" in key]
    assert len(kids) == len(set(map(str, kids))), "two keys have the same kid"


@requirement("RFC7517-4.5/kid-string")
def test_kid_is_a_string(keys_document: Trace) -> None:
    """kid, where it is there, is a string."""
    for key in published_keys(keys_document):
        assert isinstance(key.get("kid", ""), str), "kid is no string"


@requirement("RFC7517-8.5.1/jwk-set-media-type")
def test_keys_have_a_fitting_media_type(keys_document: Trace) -> None:
    """The answer says that it is a JWK Set, or JSON."""
    response = keys_document["keys"].answered
    if not response.is_success:
        raise EvidenceError(f"the keys are answered with {response.status}")
    media_type = response.media_type
    known = {"application/jwk-set+json", "application/json"}
    assert media_type in known, f"the media type is {media_type}"


@requirement("RFC7517-9.2/no-private-members-published", "OIDCD-3/no-private-keys-in-jwks")
def test_no_private_key_is_published(keys_document: Trace) -> None:
    """A published key has nothing that signs."""
    for key in published_keys(keys_document):
        found = sorted(PRIVATE & key.keys())
        assert not found, f"a key has the private members {', '.join(found)}"


@requirement("RFC7517-9.2/no-symmetric-keys-published", "OIDCD-3/no-private-keys-in-jwks")
def test_no_symmetric_key_is_published(keys_document: Trace) -> None:
    """A key that signs and verifies alike is published to nobody."""
    for key in published_keys(keys_document):
        assert key.get("kty") != "oct", "a symmetric key is published"
        assert "k" not in key, "a key has the member k"


@requirement("RFC7518-2/base64urluint-minimal")
def test_numbers_have_no_leading_zeros(keys_document: Trace) -> None:
    """Both n and e have as few octets as they need."""
    for key in _of_kind(keys_document, "RSA"):
        for name in ("n", "e"):
            octets = _octets(key, name)
            assert octets[0] != 0 or octets == b"\0", f"{name} begins with a zero octet"


@requirement("RFC7518-3.3/rsa-2048")
def test_rsa_keys_have_2048_bits(keys_document: Trace) -> None:
    """An RSA key is large enough."""
    for key in _of_kind(keys_document, "RSA"):
        bits = int.from_bytes(_octets(key, "n"), "big").bit_length()
        assert bits >= 2048, f"a key has {bits} bits"


@requirement("RFC7518-3.5/pss-2048")
def test_keys_for_pss_have_2048_bits(keys_document: Trace) -> None:
    """An RSA key whose algorithm is PS256, PS384 or PS512 is large enough."""
    keys = _of_kind(keys_document, "RSA")
    fitting = [key for key in keys if str(key.get("alg")).startswith("PS")]
    if not fitting:
        raise Unsuited("no key of the JWK Set is for PS256, PS384 or PS512")
    for key in fitting:
        bits = int.from_bytes(_octets(key, "n"), "big").bit_length()
        assert bits >= 2048, f"a key for {key['alg'][:5]} has {bits} bits"


@requirement("RFC7518-6.2.1/ec-members")
def test_ec_keys_are_complete(keys_document: Trace) -> None:
    """An EC key has its curve and its point."""
    for key in _of_kind(keys_document, "EC"):
        missing = [name for name in BARE["EC"] if not isinstance(key.get(name), str)]
        assert not missing, f"a key lacks {', '.join(missing)}"


@requirement("RFC7518-6.2.1.2/ec-coordinate-length")
def test_ec_coordinates_have_their_full_length(keys_document: Trace) -> None:
    """Coordinates keep their leading zeros, and the point is on the curve."""
    keys = _of_kind(keys_document, "EC")
    known = [key for key in keys if text_in(key, "crv") in COORDINATE_OCTETS]
    if not known:
        raise Unsuited("no EC key is on a curve that idprobe knows")
    for key in known:
        wanted = COORDINATE_OCTETS[text_in(key, "crv")]
        for name in ("x", "y"):
            octets = len(_octets(key, name))
            assert octets == wanted, f"{name} has {octets} octets instead of {wanted}"
        assert _is_on_curve(key), "the point is not on the curve"


def _is_on_curve(key: Mapping[str, Any]) -> bool:
    bare: dict[str, str | list[str]] = {name: str(key[name]) for name in ("kty", *BARE["EC"])}
    try:
        ECKey.import_key(bare).get_op_key("verify")
    except (JoseError, ValueError):
        return False
    return True


@requirement("RFC7518-6.3.1/rsa-members")
def test_rsa_keys_are_complete(keys_document: Trace) -> None:
    """An RSA key has its modulus and an odd exponent."""
    for key in _of_kind(keys_document, "RSA"):
        for name in BARE["RSA"]:
            text = key.get(name)
            assert isinstance(text, str), f"a key lacks {name}"
            assert BASE64URL.match(text), f"{name} is not base64url"
        assert _octets(key, "e")[-1] % 2 == 1, "the exponent is even"


def _by_published_key(trace: Trace) -> IssuedJwt:
    """Return an ID Token; raises Unsuited for one that the client's secret signs."""
    token = id_token(trace, "tokens")
    if token.alg.startswith("HS"):
        raise Unsuited("the ID Token is signed with the client's secret")
    return token


@requirement("OIDCD-3/jwks-has-signing-keys")
def test_the_key_of_an_id_token_is_published(keys_document: Trace, signed_in_twice: Trace) -> None:
    """The JWK Set has the key that verifies an ID Token."""
    assert published_keys(keys_document), "the JWK Set is empty"
    verified_by = _by_published_key(signed_in_twice).verified_by
    assert verified_by is not None, "no published key verifies the ID Token"


@requirement("OIDCC-10.1/signing-key-published")
def test_the_header_of_an_id_token_leads_to_one_key(
    keys_document: Trace, signed_in_twice: Trace
) -> None:
    """Exactly one published key fits what an ID Token's header says, and it verifies."""
    token = _by_published_key(signed_in_twice)
    kid = token.header.get("kid")
    fitting = [
        key
        for key in published_keys(keys_document)
        if _fits(token.alg, key)
        and key.get("use", "sig") == "sig"
        and (kid is None or key.get("kid", kid) == kid)
    ]
    assert len(fitting) == 1, f"{len(fitting)} published keys fit kid and alg of the ID Token"
    assert token.verified_by is not None, "no published key verifies the ID Token"


@requirement("OIDCC-10.1/alg-header-fits-key")
def test_alg_of_an_id_token_fits_its_key(keys_document: Trace, signed_in_twice: Trace) -> None:
    """The algorithm of the header is one for the key that the header names."""
    token = id_token(signed_in_twice, "tokens")
    named = [
        key for key in published_keys(keys_document) if key.get("kid") == token.header.get("kid")
    ]
    if not named:
        raise EvidenceError("the header names no published key")
    assert any(_fits(token.alg, key) for key in named), f"{token.alg[:20]} is not for that key"


@requirement("OIDCC-10.1/kid-when-several-keys")
def test_kid_names_one_of_several_keys(keys_document: Trace, signed_in_twice: Trace) -> None:
    """Where there are several keys an ID Token says which is meant."""
    keys = published_keys(keys_document)
    token = id_token(signed_in_twice, "tokens")
    if len(keys) == 1 or token.alg.startswith("HS"):
        raise Unsuited("there is one key only, or none is needed")
    assert "kid" in token.header, "the header has no kid"
    assert token.header["kid"] in [key.get("kid") for key in keys], "no key has that kid"


@requirement("OIDCC-10.1/key-use-permits-signing")
def test_the_signing_key_may_sign(keys_document: Trace, signed_in_twice: Trace) -> None:
    """The key that verifies an ID Token is not one for encryption."""
    token = id_token(signed_in_twice, "tokens")
    if token.verified_by is None or token.verified_by.get("source") != "jwks":
        raise EvidenceError("no published key verifies the ID Token")
    kid = token.verified_by["kid"]
    keys = [k for k in published_keys(keys_document) if k.get("kid") == kid]
    named = [key for key in keys if _fits(token.alg, key)]
    signing = [key for key in named if key.get("use", "sig") == "sig"]
    assert signing or not named, "the key is for encryption"
    for key in signing:
        assert "verify" in texts_in(key, "key_ops", ["verify"]), "key_ops has no verify"


@requirement("OIDCC-10.2.1/jwks-cache-control-max-age")
def test_keys_may_be_kept_for_a_while(keys_document: Trace) -> None:
    """The answer says for how long the keys that others encrypt to may be kept."""
    uses = {str(key.get("use")) for key in published_keys(keys_document)}
    if "enc" not in uses:
        raise Unsuited("no key is published for encryption, which the section is about")
    directives = keys_document["keys"].answered.directives("cache-control")
    ages = [one for one in directives if re.fullmatch(r'max-age="?\d+"?', one)]
    assert ages, "Cache-Control has no max-age"


@requirement("OIDCD-3/same-key-for-both-uses")
def test_no_key_serves_both_uses(keys_document: Trace) -> None:
    """A key for signatures is not one for encryption as well."""
    material = [
        (tuple(str(key.get(name)) for name in BARE.get(str(key.get("kty")), ())), key.get("use"))
        for key in published_keys(keys_document)
    ]
    signing = {bare for bare, use in material if use == "sig" and bare}
    encrypting = {bare for bare, use in material if use == "enc" and bare}
    assert not signing & encrypting, "a key is listed once as sig and once as enc"


@requirement("OIDCD-3/bare-key-beside-x5c", "OIDCC-15.2/bare-keys-published")
def test_keys_have_their_bare_members(keys_document: Trace) -> None:
    """Each key can be used without reading a certificate."""
    for key in published_keys(keys_document):
        missing = [name for name in BARE.get(str(key.get("kty")), ()) if name not in key]
        assert not missing, f"a key lacks {', '.join(missing)}"


@requirement("RFC8725-3.1/one-algorithm-per-key")
def test_each_key_has_one_algorithm(keys_document: Trace, signed_in_twice: Trace) -> None:
    """No key signs by two algorithms, and none by another than it says."""
    used: dict[str, set[str]] = {}
    for token in issued_jwts(signed_in_twice):
        used.setdefault(str(token.header.get("kid")), set()).add(token.alg)
    for key in published_keys(keys_document):
        if "kid" in key and "alg" in key:
            used.setdefault(str(key["kid"]), set()).add(str(key["alg"]))
    several = [kid for kid, algs in used.items() if len(algs) > 1]
    assert not several, f"{len(several)} keys are used with two algorithms"


@requirement("RFC7518-3.4/ecdsa-curve-fits-alg")
def test_curve_fits_the_algorithm(keys_document: Trace, signed_in_twice: Trace) -> None:
    """A signature by ECDSA is of a key on the curve of its algorithm."""
    tokens = [token for token in issued_jwts(signed_in_twice) if token.alg.startswith("ES")]
    algs = [
        key["alg"] for key in published_keys(keys_document) if str(key.get("alg")).startswith("ES")
    ]
    if not tokens and not algs:
        raise Unsuited("nothing is signed by ECDSA")
    for key in published_keys(keys_document):
        alg = str(key.get("alg"))
        assert alg not in CURVES or CURVES[alg] == key.get("crv"), f"{alg} has another curve"
    for token in tokens:
        assert token.verified_by is not None, "no key on that curve verifies the signature"


def _lists(trace: Trace, ending: str) -> dict[str, list[Any]]:
    """Return the lists of the metadata whose names end so; raises Unsuited if there are none."""
    lists = {
        name: value
        for name, value in metadata(trace).items()
        if name.endswith(ending) and isinstance(value, list)
    }
    if not lists:
        raise Unsuited(f"the metadata list no {ending}")
    return lists


@requirement("RFC8725-3.2/current-algorithms-only")
def test_no_assertion_may_be_unsecured(metadata_documents: Trace) -> None:
    """The metadata do not list none for what authenticates clients."""
    lists = _lists(metadata_documents, "endpoint_auth_signing_alg_values_supported")
    wrong = [name for name, algs in lists.items() if "none" in algs]
    assert not wrong, f"none is listed: {', '.join(wrong)}"


@requirement("RFC8725-3.2/avoid-rsa-pkcs1-encryption")
def test_rsa_of_pkcs1_encrypts_nothing(metadata_documents: Trace) -> None:
    """The metadata list no RSA1_5, for what is sent as little as for what is received."""
    lists = _lists(metadata_documents, "encryption_alg_values_supported")
    wrong = [name for name, algs in lists.items() if "RSA1_5" in algs]
    assert not wrong, f"RSA1_5 is listed: {', '.join(wrong)}"


@requirement("RFC7519-8/rs256-es256-implemented")
def test_rs256_and_es256_are_on_offer(metadata_documents: Trace) -> None:
    """Both algorithms that implementations should have are there."""
    lists = _lists(metadata_documents, "signing_alg_values_supported")
    offered = {str(alg) for values in lists.values() for alg in values}
    missing = [alg for alg in ("RS256", "ES256") if alg not in offered]
    assert not missing, f"{', '.join(missing)} is not listed"


@requirement("RFC7518-3.1/registered-alg-names")
def test_algorithms_have_registered_names(metadata_documents: Trace, keys_document: Trace) -> None:
    """Algorithms are called as the registry calls them."""
    name = "id_token_signing_alg_values_supported"
    listed = [*texts_in(metadata(metadata_documents), name, [])]
    listed += [str(key["alg"]) for key in published_keys(keys_document) if "alg" in key]
    if not listed:
        raise Unsuited("no algorithm is named")
    pattern = re.compile(
        r"(?:[RPH]S|ES)(?:256|384|512)|ES256K|EdDSA|Ed25519|Ed448|none|RSA.*|ECDH.*|ML-DSA-\d\d"
    )
    unknown = [one for one in listed if not pattern.fullmatch(one)]
    assert not unknown, f"{len(unknown)} names are not registered"
