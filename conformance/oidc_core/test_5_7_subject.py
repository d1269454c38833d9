"""OpenID Connect Core 1.0, sections 5.7 and 8: who an ID Token is about."""

from idprobe.checks import (
    Trace,
    Unsuited,
    id_token,
    metadata,
    requirement,
)


@requirement("OIDCC-5.7/sub-locally-unique")
def test_each_user_has_a_sub_of_their_own(
    signed_in_twice: Trace, logins_of_two_users: Trace
) -> None:
    """A user keeps their sub, and no other user has it."""
    first = id_token(signed_in_twice, "tokens").claim("sub")
    again = id_token(signed_in_twice, "tokens_again").claims.get("sub")
    assert first == again, "sub changed between two logins of one user"
    one = id_token(logins_of_two_users, "tokens").claim("sub")
    other = id_token(logins_of_two_users, "tokens_other").claims.get("sub")
    assert one != other, "two users have the same sub"


@requirement("OIDCC-8/public-sub-same-for-all")
def test_a_public_sub_is_the_same_for_all_clients(
    metadata_documents: Trace, logins_of_two_clients: Trace
) -> None:
    """With public subjects every client gets the same sub for a user."""
    types = metadata(metadata_documents).get("subject_types_supported")
    if types != ["public"]:
        raise Unsuited("the clients may have another subject type than public")
    one = id_token(logins_of_two_clients, "tokens").claim("sub")
    other = id_token(logins_of_two_clients, "tokens_other").claims.get("sub")
    assert one == other, "two clients get different subs for one user"


@requirement("OIDCC-8/subject-types-listed")
def test_subject_types_are_listed(metadata_documents: Trace) -> None:
    """The metadata say which kinds of sub there are."""
    types = metadata(metadata_documents).get("subject_types_supported")
    assert isinstance(types, list), "subject_types_supported is missing or no array"
    assert "public" in types or "pairwise" in types, "it names neither public nor pairwise"
