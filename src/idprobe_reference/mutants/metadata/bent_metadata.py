"""Mutants of the metadata and the keys: one member wrong, or missing."""

from typing import Any, Final

from starlette.responses import Response

from idprobe_reference.config import SIGNED_PRIVATE_JWKS
from idprobe_reference.mutants.bending import Change, bend, having, lacking

METADATA: Final = "metadata"
SPARE: Final = {name: SIGNED_PRIVATE_JWKS["keys"][0][name] for name in ("kty", "crv", "x", "y")}
"""A key that signs nothing here."""
JWKS: Final = "jwks"


def _key(kty: str, change: Change) -> Change:
    """Return a change of each key of a kind."""
    return lambda jwks: {
        "keys": [change(key) if key["kty"] == kty else key for key in jwks["keys"]]
    }


def _bare(key: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in key.items() if name != "alg"}


def _every_key(**members: Any) -> Change:
    return lambda jwks: {
        "keys": [{**k, **members} if k["use"] == "sig" else k for k in jwks["keys"]]
    }


def _one_more(key: dict[str, Any]) -> Change:
    return lambda jwks: {"keys": [*jwks["keys"], key]}


def _headers(**headers: str) -> Change:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda response: _with(response, named)


def _with(response: Response, headers: dict[str, str]) -> Response:
    for name, value in headers.items():
        response.headers[name] = value
    return response


def _keys_twice(response: Response) -> Response:
    body = bytes(response.body).replace(b'"kty":"RSA"', b'"kty":"RSA","kty":"RSA"')
    return Response(body, 200, {"Cache-Control": "public, max-age=300"}, "application/json")


for one in (
    # what RFC 8414 and Discovery say alike
    (METADATA, "IssuerOfMetadataIsEmpty", "The issuer of the metadata is empty.",
     ["RFC8414-2/issuer-present", "OIDCD-3/issuer-present", "RFC8414-3.3/issuer-identical"],
     having(issuer=""),
     ["RFC9700-2.6/metadata-published", "OIDCD-4.3/issuer-equals-url-prefix",
      "RFC8414-2/issuer-https-without-query-or-fragment",
      "RFC9207-2.3/issuer-provided"]),
    (METADATA, "IssuerOfMetadataHasQuery", "The issuer in the metadata has a query.",
     ["RFC8414-2/issuer-https-without-query-or-fragment", "OIDCD-3/issuer-present"],
     lambda m: {**m, "issuer": m["issuer"] + "?a=b"}),
    (METADATA, "MetadataWithoutAuthorizationEndpoint", "No authorization_endpoint is named.",
     ["RFC8414-2/authorization-endpoint-present", "OIDCD-3/authorization-endpoint-present",
      "contract/metadata_lists_all_endpoints"],
     lacking("authorization_endpoint")),
    (METADATA, "MetadataWithoutTokenEndpoint", "No token_endpoint is named.",
     ["RFC8414-2/token-endpoint-present", "OIDCD-3/token-endpoint-present",
      "contract/metadata_lists_all_endpoints"],
     lacking("token_endpoint")),
    (METADATA, "MetadataWithoutScopes", "The scopes are not listed.",
     ["RFC8414-2/scopes-supported-present", "OIDCD-3/scopes-supported-recommended"],
     lacking("scopes_supported")),
    (METADATA, "MetadataWithoutAssertionAlgorithms", "The algorithms of assertions are not listed.",
     "RFC8414-2/token-auth-signing-algs-present",
     lacking("token_endpoint_auth_signing_alg_values_supported")),
    (METADATA, "AssertionsWithoutRs256", "Client assertions may not be RS256.",
     ["RFC8414-2/token-auth-rs256-supported", "OIDCD-3/token-endpoint-auth-algs-rs256"],
     having(token_endpoint_auth_signing_alg_values_supported=["ES256"])),
    (METADATA, "AssertionsMayBeUnsecured", "The metadata list none for client assertions.",
     ["RFC8414-2/token-auth-alg-none-absent", "OIDCD-3/token-endpoint-auth-algs-no-none",
      "RFC8725-3.2/current-algorithms-only"],
     having(token_endpoint_auth_signing_alg_values_supported=["RS256", "none"])),
    (METADATA, "RevocationAlgorithmsUnsaid", "The algorithms for revocation are not listed.",
     "RFC8414-2/revocation-auth-signing-algs-present",
     lacking("revocation_endpoint_auth_signing_alg_values_supported")),
    (METADATA, "RevocationMayBeUnsecured", "The metadata list none for revocation.",
     ["RFC8414-2/revocation-auth-alg-none-absent", "RFC8725-3.2/current-algorithms-only"],
     having(revocation_endpoint_auth_signing_alg_values_supported=["RS256", "none"])),
    (METADATA, "IntrospectionAlgorithmsUnsaid", "The algorithms for introspection are not listed.",
     "RFC8414-2/introspection-auth-signing-algs-present",
     lacking("introspection_endpoint_auth_signing_alg_values_supported")),
    (METADATA, "IntrospectionMayBeUnsecured", "The metadata list none for introspection.",
     ["RFC8414-2/introspection-auth-alg-none-absent", "RFC8725-3.2/current-algorithms-only"],
     having(introspection_endpoint_auth_signing_alg_values_supported=["RS256", "none"])),
    (METADATA, "SignedMetadataIsUnsigned", "signed_metadata is no JWT by a key of the server.",
     ["RFC8414-2.1/signed-metadata-signed", "RFC8414-2.1/signed-metadata-iss",
      "RFC8414-2.1/signed-metadata-not-nested"],
     having(signed_metadata="eyJhbGciOiJub25lIn0.eyJzaWduZWRfbWV0YWRhdGEiOiJ4In0.")),
    (METADATA, "ListsAreText", "A list of the metadata is a text.",
     ["RFC8414-3.2/multiple-values-as-arrays", "OIDCD-3/array-members-are-string-arrays"],
     having(response_modes_supported="query fragment")),
    (METADATA, "ClaimsAreNotListed", "The claims are not listed.",
     "OIDCD-3/claims-supported-recommended", lacking("claims_supported")),
    (METADATA, "IdTokenAlgorithmsAreNotListed", "The algorithms of ID tokens are not listed.",
     "OIDCD-3/id-token-algs-present", lacking("id_token_signing_alg_values_supported")),
    (METADATA, "Rs256IsNotOnOffer", "RS256 is not among the algorithms of ID tokens.",
     ["OIDCD-3/id-token-algs-include-rs256", "OIDCC-15.1/rs256-supported",
      "OIDCC-3.1.3.7/alg-default-or-registered"],
     having(id_token_signing_alg_values_supported=["ES256"])),
    (METADATA, "AlgorithmHasNoName", "An algorithm is called as no registry calls it.",
     "RFC7518-3.1/registered-alg-names",
     having(id_token_signing_alg_values_supported=["RS256", "ES256", "rs256"])),
    (METADATA, "OnlyRs256IsOnOffer", "ES256 is nowhere on offer.",
     "RFC7519-8/rs256-es256-implemented",
     lambda m: {n: [a for a in v if a != "ES256"] if n.endswith("alg_values_supported") else v
                for n, v in m.items()}),
    (METADATA, "OutdatedEncryptionIsOnOffer", "RSA1_5 is on offer.",
     "RFC8725-3.2/avoid-rsa-pkcs1-encryption",
     having(id_token_encryption_alg_values_supported=["RSA1_5"])),
    (METADATA, "OpenidIsNotListed", "openid is not among the scopes.",
     "OIDCD-3/openid-scope-supported",
     having(scopes_supported=["profile", "email", "phone", "address"])),
    (METADATA, "ScopeEmailIsNotListed", "email is not among the scopes.",
     "OIDCD-3/core-scopes-listed",
     having(scopes_supported=["openid", "profile", "phone", "address"])),
    (METADATA, "JwksUriIsNoUrl", "jwks_uri is no URL.", "OIDCD-3/jwks-uri-present",
     having(jwks_uri="jwks")),
    (METADATA, "NoUserinfoEndpointIsNamed", "The metadata names no userinfo_endpoint.",
     "OIDCD-3/userinfo-endpoint-recommended", lacking("userinfo_endpoint")),
    (METADATA, "NoRegistrationEndpointIsNamed", "The metadata names no registration_endpoint.",
     "OIDCD-3/registration-endpoint-recommended", lacking("registration_endpoint")),
    (METADATA, "PolicyIsNoUrl", "op_policy_uri is no URL.", "OIDCD-3/policy-and-tos-uris",
     having(op_policy_uri="see the notice board")),
    (METADATA, "RevocationEndpointHasFragment", "The revocation endpoint has a fragment.",
     "RFC7009-2/endpoint-url-rules",
     lambda m: {**m, "revocation_endpoint": m["revocation_endpoint"] + "#here"}),
    # keys
    (JWKS, "KeysWithoutType", "The published keys have no kty.", "RFC7517-4.1/kty-present",
     lambda jwks: {"keys": [{n: v for n, v in k.items() if n != "kty"} for k in jwks["keys"]]}),
    (JWKS, "UseIsInCapitals", "use is SIG.", ["RFC7517-4.2/use-values",
     "OIDCC-10.1/key-use-permits-signing", "OIDCC-10.1/signing-key-published",
     "RFC8414-2/jwks-keys-have-use", "OIDCD-3/use-required-when-mixed"], _every_key(use="SIG")),
    (JWKS, "KeyOperationsAreRepeated", "key_ops has verify twice.",
     ["RFC7517-4.3/key-ops-no-duplicates", "RFC7517-4.3/use-and-key-ops-not-together"],
     _every_key(key_ops=["verify", "verify"])),
    (JWKS, "KeyOperationsAreMixed", "key_ops mixes signing and encryption.",
     ["RFC7517-4.3/no-unrelated-key-ops", "RFC7517-4.3/use-and-key-ops-consistent",
      "RFC7517-4.3/use-and-key-ops-not-together"],
     _every_key(key_ops=["verify", "encrypt"])),
    (JWKS, "AlgDoesNotFitKey", "RSA keys say that they are for ES256.",
     ["RFC7517-4.4/alg-fits-key", "RFC8725-3.1/one-algorithm-per-key",
      "RFC7518-3.4/ecdsa-curve-fits-alg"],
     _key("RSA", having(alg="ES256"))),
    (JWKS, "KidIsNumber", "The kid of the keys is a number.", "RFC7517-4.5/kid-string",
     lambda jwks: {"keys": [{**k, "kid": i} for i, k in enumerate(jwks["keys"])]}),
    (JWKS, "KeysAreAMap", "The keys are a map by kid.", "RFC7517-5/keys-array",
     lambda jwks: {"keys": {key["kid"]: key for key in jwks["keys"]}}),
    ("show_jwks", "KeysAreSentAsHtml", "The JWK Set is sent as a page.",
     "RFC7517-8.5.1/jwk-set-media-type", _headers(content_type="text/html")),
    ("show_jwks", "KeysRepeatMember", "A member of a key occurs twice.",
     "RFC7517-4/unique-member-names", _keys_twice),
    (JWKS, "SymmetricKeyIsPublished", "A symmetric key is published.",
     ["RFC7517-9.2/no-symmetric-keys-published", "OIDCD-3/no-private-keys-in-jwks"],
     _one_more({"kty": "oct", "kid": "oct", "use": "sig", "k": "AAAA"})),
    (JWKS, "ModulusHasLeadingZero", "n begins with a zero octet.",
     "RFC7518-2/base64urluint-minimal",
     _one_more({"kty": "RSA", "kid": "zero", "use": "sig", "n": "AAAA" + "w" * 342, "e": "AQAB"})),
    (JWKS, "RsaKeyIsSmall", "An RSA key has 1024 bits.", "RFC7518-3.3/rsa-2048",
     _one_more({"kty": "RSA", "kid": "small", "use": "sig", "n": "w" * 170 + "w", "e": "AQAB"})),
    (JWKS, "RsaKeyIsIncomplete", "An RSA key has no e.",
     ["RFC7518-6.3.1/rsa-members", "OIDCD-3/bare-key-beside-x5c", "OIDCC-15.2/bare-keys-published"],
     _one_more({"kty": "RSA", "kid": "half", "use": "sig", "n": "w" * 342})),
    (JWKS, "EcKeyIsIncomplete", "An EC key has no y.",
     ["RFC7518-6.2.1/ec-members", "OIDCD-3/bare-key-beside-x5c", "OIDCC-15.2/bare-keys-published"],
     _one_more({"kty": "EC", "kid": "half", "use": "sig", "crv": "P-256", "x": "w" * 43})),
    (JWKS, "CoordinateIsShort", "A coordinate lost an octet.",
     "RFC7518-6.2.1.2/ec-coordinate-length",
     _one_more({"kty": "EC", "kid": "short", "use": "sig", "crv": "P-256", "x": "w" * 42,
                "y": "w" * 43})),
    (JWKS, "CurveDoesNotFit", "A key for ES256 is on P-384.",
     ["RFC7518-3.4/ecdsa-curve-fits-alg", "RFC7517-4.4/alg-fits-key"],
     _one_more({"kty": "EC", "kid": "odd", "use": "sig", "alg": "ES256", "crv": "P-384",
                "x": "w" * 64, "y": "w" * 64}),
     ["RFC7518-6.2.1.2/ec-coordinate-length"]),
    (JWKS, "MixedKeysAreUnsaid", "Beside a key for encryption one says nothing of its use.",
     ["RFC8414-2/jwks-keys-have-use", "OIDCD-3/use-required-when-mixed"],
     lambda jwks: {"keys": [*jwks["keys"], {**SPARE, "use": "enc", "kid": "e"}, SPARE]}),
    (JWKS, "OneKeyServesBothUses", "The key that signs is published for encryption too.",
     "OIDCD-3/same-key-for-both-uses",
     lambda jwks: {"keys": [*jwks["keys"], {**_bare(jwks["keys"][0]), "kid": "e", "use": "enc"}]}),
    (JWKS, "SigningKeysAreForEncryption", "The keys that sign say that they are for encryption.",
     ["OIDCC-10.1/key-use-permits-signing", "OIDCC-10.1/signing-key-published"],
     _every_key(use="enc")),
):  # fmt: skip
    bend(*one)
