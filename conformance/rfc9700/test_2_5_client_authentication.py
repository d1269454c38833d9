"""RFC 9700 section 2.5: clients that can authenticate have to, and by keys where they can."""

from idprobe.checks import (
    Trace,
    flaw_not_refused,
    metadata,
    requirement,
    texts_in,
)

ASYMMETRIC = {"private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"}


@requirement("RFC9700-2.5/client-authentication-enforced")
def test_almost_right_secret_is_refused(secret_near_misses: Trace) -> None:
    """A secret in another case, cut, lengthened or of another client is not the secret."""
    steps = (step for step in _steps(secret_near_misses) if step != "zero-after")
    wrong = flaw_not_refused(secret_near_misses, *steps)
    assert not wrong, f"the secret is taken: {wrong}"


@requirement("RFC9700-2.5/asymmetric-client-authentication")
def test_clients_can_authenticate_by_keys(metadata_documents: Trace) -> None:
    """A method by which the client proves a key is on offer."""
    offered = texts_in(metadata(metadata_documents), "token_endpoint_auth_methods_supported", [])
    assert ASYMMETRIC & set(offered), "no method of the metadata is asymmetric"


@requirement("RFC7009-2.1/client-authenticated")
def test_secret_is_proven_where_tokens_are_revoked(secrets_elsewhere: Trace) -> None:
    """A secret in the URI and one of another client revoke nothing."""
    wrong = flaw_not_refused(secrets_elsewhere, *_steps(secrets_elsewhere, "revocation-"))
    assert not wrong, f"the request is taken: {wrong}"


@requirement("RFC7662-2.1/authorization-required")
def test_secret_is_proven_where_tokens_are_introspected(secrets_elsewhere: Trace) -> None:
    """A secret in the URI and one of another client introspect nothing."""
    wrong = flaw_not_refused(secrets_elsewhere, *_steps(secrets_elsewhere, "introspection-"))
    assert not wrong, f"the request is taken: {wrong}"


def _steps(trace: Trace, prefix: str = "") -> list[str]:
    """Return the faults of a trace: its steps that are neither a control nor on the way to one."""
    names = dict.fromkeys(exchange.step for exchange in trace)
    return [name for name in names if name.startswith(prefix) and not _is_honest(name)]


def _is_honest(step: str) -> bool:
    return step.endswith(("-token", "-good")) or step.partition("/")[0] in {"control", "authorize"}
