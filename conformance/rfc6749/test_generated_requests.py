"""RFC 6749: rules of the token endpoint that hold for every request (generated)."""

from idprobe.checks import (
    Trace,
    first_flaw,
    flaw_garbled_scope_granted,
    flaw_in_answer,
    flaw_in_error_description,
    flaw_not_authenticated,
    flaw_not_granted,
    flaw_other_outcome,
    flaw_other_scope,
    flaw_repeated_parameter,
    flaw_tokens_given,
    flaw_unknown_client,
    flaw_unknown_grant,
    flaw_unknown_grant_type,
    flaw_unrequested_scope,
    flaw_wider_scope,
    requirement,
)


@requirement("RFC6749-3.2/parameter-order-irrelevant")
def test_parameters_stand_in_any_order(parameters_reordered: Trace) -> None:
    """A request is served whatever the order of its parameters."""
    assert not (flaw := first_flaw(parameters_reordered, flaw_not_granted)), flaw


@requirement("RFC6749-3.2/unknown-parameter-ignored")
def test_whatever_nobody_knows_is_ignored(unknown_parameters_added: Trace) -> None:
    """Parameters that nobody knows are ignored, whatever is in their names and values."""
    assert not (flaw := first_flaw(unknown_parameters_added, flaw_not_granted)), flaw


@requirement("RFC6749-3.2/empty-parameter-is-absent")
def test_every_empty_parameter_is_absent(empty_parameters_added: Trace) -> None:
    """Parameters of other grants without a value are as if they were not there."""
    assert not (flaw := first_flaw(empty_parameters_added, flaw_not_granted)), flaw


@requirement("RFC6749-3.2/repeated-parameter-rejected")
def test_a_repetition_is_seen_in_any_spelling(parameters_repeated: Trace) -> None:
    """A parameter that comes twice is refused, however it is spelled and wherever it stands."""
    assert not (flaw := first_flaw(parameters_repeated, flaw_repeated_parameter)), flaw


@requirement("RFC6749-3.2/post-only")
def test_no_override_makes_get_a_post(methods_overridden: Trace) -> None:
    """A GET brings no tokens, whatever it says of another method."""
    assert not (flaw := first_flaw(methods_overridden, flaw_tokens_given)), flaw


@requirement("RFC6749-3.2/query-adds-nothing")
def test_a_query_widens_no_scope(scopes_in_the_query: Trace) -> None:
    """Parameters in the query are refused, or change nothing in what the body asks for."""
    assert not (flaw := first_flaw(scopes_in_the_query, flaw_other_scope)), flaw


@requirement("RFC6749-2.3.1/credentials-not-in-uri")
def test_credentials_in_the_query_are_seen_in_any_spelling(credentials_in_the_query: Trace) -> None:
    """Credentials in the query bring no tokens, however their names are spelled."""
    assert not (flaw := first_flaw(credentials_in_the_query, flaw_tokens_given)), flaw


@requirement("RFC6749-2.3.1/basic-credentials-form-decoded")
def test_any_character_of_basic_may_be_encoded(basic_credentials_respelled: Trace) -> None:
    """A client is known by Basic with any characters of id and secret percent-encoded."""
    assert not (flaw := first_flaw(basic_credentials_respelled, flaw_not_authenticated)), flaw


@requirement("RFC6749-5.2/several-authentication-mechanisms")
def test_two_ways_are_seen_in_any_spelling(authentication_doubled: Trace) -> None:
    """A request that authenticates twice is refused, wherever the second way stands."""
    assert not (flaw := first_flaw(authentication_doubled, flaw_unknown_client)), flaw


@requirement("RFC6749-5.2/invalid-client")
def test_garbled_basic_is_invalid_client(basic_credentials_garbled: Trace) -> None:
    """Basic credentials that are no text or have no colon are refused as such."""
    assert not (flaw := first_flaw(basic_credentials_garbled, flaw_unknown_client)), flaw


@requirement("RFC6749-5.2/invalid-client")
def test_unknown_clients_are_invalid_client(unknown_clients: Trace) -> None:
    """A client that nobody knows is refused as such, whatever is in its name."""
    assert not (flaw := first_flaw(unknown_clients, flaw_unknown_client)), flaw


@requirement("RFC6749-5.2/invalid-grant")
def test_unknown_codes_are_invalid_grant(codes_of_nobody: Trace) -> None:
    """A code that nobody issued is invalid_grant, whatever is in it."""
    assert not (flaw := first_flaw(codes_of_nobody, flaw_unknown_grant)), flaw


@requirement("RFC6749-5.2/invalid-grant")
def test_unknown_refresh_tokens_are_invalid_grant(refresh_tokens_of_nobody: Trace) -> None:
    """A refresh token that nobody issued is invalid_grant, whatever is in it."""
    assert not (flaw := first_flaw(refresh_tokens_of_nobody, flaw_unknown_grant)), flaw


@requirement("RFC6749-4.4.2/grant-type-exact")
def test_nearly_a_grant_type_is_none(grant_types_nearly_right: Trace) -> None:
    """A grant type in another case, with a stray sign or encoded twice is none."""
    assert not (flaw := first_flaw(grant_types_nearly_right, flaw_unknown_grant_type)), flaw


@requirement("RFC6749-5.2/unsupported-grant-type")
def test_unknown_grant_types_are_unsupported(grant_types_of_nobody: Trace) -> None:
    """A grant type that nobody has is refused as such, whatever is in it."""
    assert not (flaw := first_flaw(grant_types_of_nobody, flaw_unknown_grant_type)), flaw


@requirement("RFC6749-5.2/error-description-charset")
def test_descriptions_have_their_characters(errors_described: Trace) -> None:
    """An error_description has the characters that it may have, whatever was asked."""
    assert not (flaw := first_flaw(errors_described, flaw_in_error_description)), flaw


@requirement("RFC6749-5.2/every-refusal-in-form")
def test_long_values_are_answered(forms_with_long_values: Trace) -> None:
    """A value of any length is answered by tokens or by an error in its form."""
    assert not (flaw := first_flaw(forms_with_long_values, flaw_in_answer)), flaw


@requirement("RFC6749-5.2/every-refusal-in-form")
def test_any_media_type_is_answered(media_types_of_all_kinds: Trace) -> None:
    """A form that is said to be anything else is served or refused in form."""
    assert not (flaw := first_flaw(media_types_of_all_kinds, flaw_in_answer)), flaw


@requirement("RFC6749-3.3/scope-order-irrelevant")
def test_any_order_of_scopes_means_the_same(scopes_reordered: Trace) -> None:
    """The same scopes in two orders, unknown and repeated ones included, come out alike."""
    assert not (flaw := first_flaw(scopes_reordered, flaw_other_outcome)), flaw


@requirement("RFC6749-3.3/scope-case-sensitive")
def test_a_scope_in_any_other_case_is_another(scopes_in_another_case: Trace) -> None:
    """A known scope with any of its letters in another case is not granted as the known one."""
    assert not (flaw := first_flaw(scopes_in_another_case, flaw_unrequested_scope)), flaw


@requirement("RFC6749-3.3/scope-syntax")
def test_no_strange_character_is_in_a_scope(scopes_garbled: Trace) -> None:
    """A scope with a character that it may not have is not granted."""
    assert not (flaw := first_flaw(scopes_garbled, flaw_garbled_scope_granted)), flaw


@requirement("RFC6749-6/scope-not-widened")
def test_no_refresh_widens_a_scope(scopes_refreshed: Trace) -> None:
    """A refresh grants nothing that the user has not, whatever it asks for."""
    assert not (flaw := first_flaw(scopes_refreshed, flaw_wider_scope)), flaw
