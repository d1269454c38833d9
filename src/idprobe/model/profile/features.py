"""The features that `when` terms name, each with its predicate: None, or why there is none.

Some are announced in metadata, some follow from clients; the rest no metadata can say, so the
profile claims them in `features`, which outranks the predicates here.
"""

from collections.abc import Callable, Mapping
from typing import Final

from idprobe.model.profile.metadata import holds
from idprobe.model.profile.situation import Situation, response_types, texts

__all__ = ["FEATURES"]

Predicate = Callable[[Situation], str | None]
FRONT_CHANNEL: Final = frozenset({"id_token", "token"})


def _unknown(_: Situation) -> str | None:
    """Nothing announces it, but its absence shows itself in the answers."""
    return None


def _claimed(feature: str) -> Predicate:
    """Nothing announces it, and without it the answers prove nothing."""
    return lambda _: f"the profile does not claim {feature} in features"


def _member(*names: str) -> Predicate:
    """One of the members is there."""

    def predicate(situation: Situation) -> str | None:
        given = (*situation.metadata, *situation.profile.endpoints)
        if _nothing_known(situation) or any(name in given for name in names):
            return None
        return f"the metadata has no {' and no '.join(names)}"

    return predicate


def _true(*names: str) -> Predicate:
    """One of the members is there and true."""

    def predicate(situation: Situation) -> str | None:
        metadata = situation.metadata
        if _nothing_known(situation) or any(metadata.get(name) is True for name in names):
            return None
        return f"{' and '.join(names)} {'are' if len(names) > 1 else 'is'} not true in the metadata"

    return predicate


def _listed(name: str, *values: str) -> Predicate:
    """The member lists one of the values."""

    def predicate(situation: Situation) -> str | None:
        if _nothing_known(situation) or any(
            holds(situation.metadata, name, value) for value in values
        ):
            return None
        return f"the metadata does not list {' or '.join(values)} in {name}"

    return predicate


def _any_of(*predicates: Predicate) -> Predicate:
    """One of the predicates holds; the first one's reason if none does."""

    def predicate(situation: Situation) -> str | None:
        reasons = [one(situation) for one in predicates]
        return None if None in reasons else reasons[0]

    return predicate


def _response_type(fits: Callable[[frozenset[str]], bool], described: str) -> Predicate:
    """A response type like that is supported, or the metadata do not say which are."""

    def predicate(situation: Situation) -> str | None:
        announced = situation.metadata.get("response_types_supported") is not None
        if not announced or any(fits(words) for words in response_types(situation)):
            return None
        return f"the metadata lists no response type {described} and no client uses one"

    return predicate


def _jarm(situation: Situation) -> str | None:
    modes = texts(situation.metadata.get("response_modes_supported"))
    if any(mode.rpartition(".")[2] == "jwt" for mode in modes):
        return None
    return _member("authorization_signing_alg_values_supported")(situation)


def _dynamic_op(situation: Situation) -> str | None:
    if situation.profile.initial_access_token is not None:
        return "registration is not open: it wants an initial access token"
    return _member("registration_endpoint")(situation)


def _initial_access_token(situation: Situation) -> str | None:
    if situation.profile.initial_access_token is not None:
        return None
    return "[registration] of the profile has no initial_access_token"


def _oauth_only(situation: Situation) -> str | None:
    families = {one.partition(":")[0] for one in situation.profile.standards}
    return "OpenID Connect is among the standards that judge" if "oidc" in families else None


def _resource_indicators(situation: Situation) -> str | None:
    if situation.profile.indicators:
        return None
    return "the profile names no resource in [[resource.indicators]]"


def _tls_terminating_proxy(situation: Situation) -> str | None:
    if situation.profile.target.tls == "terminated-elsewhere":
        return None
    return '[target] of the profile does not say tls = "terminated-elsewhere"'


def _nothing_known(situation: Situation) -> bool:
    return not situation.metadata and not situation.profile.endpoints


FEATURES: Final[Mapping[str, Predicate]] = {
    "aggregated_or_distributed_claims": _listed(
        "claim_types_supported", "aggregated", "distributed"
    ),
    "backchannel_logout": _true("backchannel_logout_supported"),
    "client_configuration_endpoint": _member("registration_endpoint"),
    "composite_response_types": _response_type(lambda words: len(words) > 1, "of several words"),
    "dpop": _member("dpop_signing_alg_values_supported"),
    "dpop_nonce": _member("dpop_signing_alg_values_supported"),
    "dynamic_op": _dynamic_op,
    "encrypted_responses": _member(
        "id_token_encryption_alg_values_supported",
        "userinfo_encryption_alg_values_supported",
        "authorization_encryption_alg_values_supported",
        "introspection_encryption_alg_values_supported",
    ),
    "frontchannel_logout": _true("frontchannel_logout_supported"),
    "hybrid_flow": _response_type(
        lambda words: "code" in words and len(words) > 1, "of code and another word"
    ),
    "implicit_flow": _response_type(
        lambda words: bool(words) and words <= FRONT_CHANNEL, "of id_token or token without code"
    ),
    "initial_access_token": _initial_access_token,
    "iss_parameter": _true("authorization_response_iss_parameter_supported"),
    "jar": _any_of(
        _true(
            "request_parameter_supported",
            "request_uri_parameter_supported",
            "require_signed_request_object",
        ),
        _member("request_object_signing_alg_values_supported"),
    ),
    "jarm": _jarm,
    "jwt_access_tokens": _unknown,
    "oauth_only": _oauth_only,
    "par": _member("pushed_authorization_request_endpoint"),
    "prompt_create": _listed("prompt_values_supported", "create"),
    "protected_resource_metadata": _any_of(
        _claimed("protected_resource_metadata"), _member("protected_resources")
    ),
    "resource_indicators": _resource_indicators,
    "rfc8414": _unknown,
    "rp_initiated_logout": _member("end_session_endpoint"),
    "session_management": _member("check_session_iframe"),
    "software_statement": _claimed("software_statement"),
    "third_party_initiated_login": _claimed("third_party_initiated_login"),
    "tls_terminating_proxy": _tls_terminating_proxy,
    "webfinger": _claimed("webfinger"),
}
