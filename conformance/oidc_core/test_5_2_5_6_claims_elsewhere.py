"""OpenID Connect Core 1.0, sections 5.2 and 5.6: claims in languages, and from elsewhere."""

from collections.abc import Mapping
from typing import Any

from idprobe.checks import (
    EvidenceError,
    Trace,
    Unsuited,
    metadata,
    object_in,
    read_jwt,
    requirement,
    text_in,
    texts_in,
    url_parts,
    userinfo_claims,
)

SCRIPT, REGION = 4, 2


def sources(trace: Trace) -> Mapping[str, Any]:
    """Return the sources of claims; raises EvidenceError if there is no object of them."""
    found = object_in(userinfo_claims(trace, "userinfo"), "_claim_sources")
    if not found or not all(isinstance(one, Mapping) for one in found.values()):
        raise EvidenceError("there are no _claim_sources")
    return found


def names_of(trace: Trace) -> Mapping[str, Any]:
    """Return where each claim comes from; raises EvidenceError if there is no object of that."""
    found = object_in(userinfo_claims(trace, "userinfo"), "_claim_names")
    if not found:
        raise EvidenceError("there are no _claim_names")
    return found


def jwts(trace: Trace) -> dict[str, Mapping[str, Any]]:
    """Return what is in the JWT of each source that has one; raises Unsuited without one."""
    found = {
        name: read_jwt(text_in(source, "JWT")).claims
        for name, source in sources(trace).items()
        if "JWT" in source
    }
    if not found:
        raise Unsuited("no source has a JWT in it")
    return found


@requirement("OIDCC-5.6.2/claim-names-resolve")
def test_names_lead_to_sources(claims_from_elsewhere: Trace) -> None:
    """Every value of _claim_names is a member of _claim_sources."""
    names = names_of(claims_from_elsewhere).values()
    known = sources(claims_from_elsewhere)
    missing = sorted({str(one) for one in names if not isinstance(one, str) or one not in known})
    assert not missing, f"there is no source {', '.join(missing)}"


@requirement("OIDCC-5.6.2/aggregated-jwt-member")
def test_jwt_holds_the_claims_that_refer_to_it(claims_from_elsewhere: Trace) -> None:
    """The JWT of a source has every claim whose name leads to that source."""
    names = names_of(claims_from_elsewhere)
    for source, claims in jwts(claims_from_elsewhere).items():
        missing = {name for name, place in names.items() if place == source} - claims.keys()
        assert not missing, f"its JWT lacks {', '.join(sorted(missing))}"


@requirement("OIDCC-5.6.2/no-foreign-sub-in-source")
def test_jwt_does_not_use_our_sub(claims_from_elsewhere: Trace) -> None:
    """The JWT of a source has no sub of this server, which means nothing at the other one."""
    sub = userinfo_claims(claims_from_elsewhere, "userinfo").get("sub")
    if sub is None:
        raise EvidenceError("userinfo has no sub")
    for claims in jwts(claims_from_elsewhere).values():
        assert claims.get("sub") != sub, "the JWT has the sub of this server"


@requirement("OIDCC-5.6.2/distributed-endpoint-member")
def test_source_says_where_to_ask(claims_from_elsewhere: Trace) -> None:
    """A source without a JWT has an endpoint that is a URL, and its access token is a text."""
    asked = [one for one in sources(claims_from_elsewhere).values() if "JWT" not in one]
    if not asked:
        raise Unsuited("every source has its JWT in it")
    for source in asked:
        endpoint = source.get("endpoint")
        assert isinstance(endpoint, str), "there is no endpoint"
        assert url_parts(endpoint).netloc, "the endpoint is no URL"
        assert isinstance(source.get("access_token", ""), str), "the access token is no text"


@requirement("OIDCC-5.6/normal-claims-supported")
def test_normal_claims_are_told(metadata_documents: Trace, userinfo_asked: Trace) -> None:
    """The sub is a plain member, and the metadata list normal claims if they list any."""
    assert "sub" in userinfo_claims(userinfo_asked, "get"), "there is no sub"
    listed = texts_in(metadata(metadata_documents), "claim_types_supported", ["normal"])
    assert "normal" in listed, "claim_types_supported does not list normal"


def registered_case(tag: str) -> str:
    """Return a language tag in the case of the registry (RFC 5646 section 2.1.1)."""
    first, *rest = tag.split("-")
    spelled = [
        part.title() if len(part) == SCRIPT else part.upper() if len(part) == REGION else part
        for part in map(str.lower, rest)
    ]
    return "-".join([first.lower(), *spelled])


@requirement("OIDCC-5.2/registered-case-of-tags")
def test_tags_are_in_their_registered_case(claims_in_languages: Trace) -> None:
    """Language in lower case, script in title case, region in upper case."""
    names = [n for n in userinfo_claims(claims_in_languages, "userinfo-tagged") if "#" in n]
    tags = [name.partition("#")[2] for name in names]
    wrong = [tag for tag in tags if tag != registered_case(tag)]
    assert not wrong, f"the tag is {wrong[0]}"


def a_claim(trace: Trace) -> tuple[str, Any]:
    """Return the claim in a language that was asked for in other ways."""
    told = userinfo_claims(trace, "userinfo-tagged")
    named = [name for name in told if "-" in name.partition("#")[2]]
    if not named:
        raise EvidenceError("no claim was told in a language of a region")
    return named[0], told[named[0]]


@requirement("OIDCC-5.2/language-tags-case-insensitive")
def test_case_of_a_tag_does_not_matter(claims_in_languages: Trace) -> None:
    """A claim whose tag is asked for in another case is told."""
    name, value = a_claim(claims_in_languages)
    told = userinfo_claims(claims_in_languages, "userinfo-case")
    found = [one for one in told if one.casefold() == name.casefold()]
    assert found, "a tag in another case was not understood"
    assert told[found[0]] == value, "a tag in another case brought another value"


@requirement("OIDCC-5.2/no-tag-when-one-language")
def test_one_language_needs_no_tags(claims_in_languages: Trace) -> None:
    """Where one language is asked for no name has a tag."""
    tagged = [n for n in userinfo_claims(claims_in_languages, "userinfo-locale") if "#" in n]
    assert not tagged, f"{tagged[0]} has a tag"


@requirement("OIDCC-5.2/claim-locales-matched")
def test_language_is_matched_with_its_regions(claims_in_languages: Trace) -> None:
    """A language without region brings the claim that there is for one."""
    name, value = a_claim(claims_in_languages)
    told = userinfo_claims(claims_in_languages, "userinfo-part")
    found = told.get(name, told.get(name.partition("#")[0]))
    assert found == value, "the claim of the region was not told"
