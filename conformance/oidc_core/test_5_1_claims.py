"""OpenID Connect Core 1.0, sections 5.1 and 5.4: the claims about a user, and their scopes."""

import re
from datetime import date
from typing import Any
from zoneinfo import available_timezones

from idprobe.checks import (
    EvidenceError,
    Trace,
    Unsuited,
    access_token_scope,
    id_token,
    is_number,
    requirement,
    sent_parameter,
    url_parts,
    userinfo_claims,
)

TEXTS = [
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "email",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "phone_number",
]
SCOPE_OF = {"email": "email", "address": "address", "phone_number": "phone"}
ADDRESS_PARTS = ("street_address", "locality", "region", "postal_code", "country")
PROFILE = frozenset(
    [
        "name",
        "family_name",
        "given_name",
        "middle_name",
        "nickname",
        "preferred_username",
        "profile",
        "picture",
        "website",
        "gender",
        "birthdate",
        "zoneinfo",
        "locale",
        "updated_at",
    ]
)
MILLISECONDS_BEGIN = 10**11
E164 = re.compile(r"\+[0-9 ()-]+(;ext=[0-9]+)?\Z")
BIRTHDATE = re.compile(r"[0-9]{4}(?:-[0-9]{2}-[0-9]{2})?\Z")
LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*\Z")
ADDR_SPEC = re.compile(r"[^\s<>@\"(),:;\[\]\\]+@[^\s<>@]+\Z")


def _claims(trace: Trace) -> dict[str, Any]:
    return userinfo_claims(trace, "userinfo-all")


def _claim(trace: Trace, name: str) -> Any:
    """Return a claim of the user; raises Unsuited without it."""
    claims = _claims(trace)
    if name not in claims:
        raise Unsuited(f"userinfo has no {name} for this user")
    return claims[name]


def _of_scope(trace: Trace, scope: str) -> set[str]:
    """Return the names of the claims that one scope brings."""
    return set(userinfo_claims(trace, f"userinfo-{scope}"))


@requirement("OIDCC-5.1/string-claims-are-strings")
def test_texts_are_strings(userinfo_by_scope: Trace) -> None:
    """What is a string in the list of claims is a JSON string."""
    claims = _claims(userinfo_by_scope)
    wrong = [name for name in TEXTS if not isinstance(claims.get(name, ""), str)]
    assert not wrong, f"{', '.join(wrong)} is no string"


@requirement("OIDCC-5.1/email-verified-boolean")
def test_email_verified_is_a_boolean(userinfo_by_scope: Trace) -> None:
    """email_verified is true or false."""
    verified = _claim(userinfo_by_scope, "email_verified")
    assert isinstance(verified, bool), "email_verified is no boolean"


@requirement("OIDCC-5.1/phone-number-verified-boolean")
def test_phone_number_verified_is_a_boolean(userinfo_by_scope: Trace) -> None:
    """phone_number_verified is true or false."""
    verified = _claim(userinfo_by_scope, "phone_number_verified")
    assert isinstance(verified, bool), "phone_number_verified is no boolean"


@requirement("OIDCC-5.1/updated-at-number")
def test_updated_at_is_seconds(userinfo_by_scope: Trace) -> None:
    """updated_at is a number of seconds."""
    updated_at = _claim(userinfo_by_scope, "updated_at")
    assert is_number(updated_at), "updated_at is no number"
    assert updated_at < MILLISECONDS_BEGIN, "updated_at is not in seconds"


@requirement("OIDCC-5.1/address-object")
def test_address_is_an_object(userinfo_by_scope: Trace) -> None:
    """The address is a JSON object."""
    assert isinstance(_claim(userinfo_by_scope, "address"), dict), "address is no object"


@requirement("OIDCC-5.1.1/address-members-are-strings")
def test_parts_of_the_address_are_strings(userinfo_by_scope: Trace) -> None:
    """The members of an address are strings."""
    address = _claim(userinfo_by_scope, "address")
    if not isinstance(address, dict):
        raise EvidenceError("address is no object")
    names = ("formatted", *ADDRESS_PARTS)
    wrong = [name for name in names if not isinstance(address.get(name, ""), str)]
    assert not wrong, f"{', '.join(wrong)} is no string"


@requirement("OIDCC-5.1.1/address-variants-agree")
def test_both_forms_of_the_address_agree(userinfo_by_scope: Trace) -> None:
    """What the parts of an address say is in the formatted one."""
    address = _claim(userinfo_by_scope, "address")
    if not isinstance(address, dict) or "formatted" not in address:
        raise Unsuited("the address has one form only")
    formatted = " ".join(str(address["formatted"]).split())
    parts = [name for name in ADDRESS_PARTS if name in address]
    absent = [name for name in parts if " ".join(str(address[name]).split()) not in formatted]
    assert not absent, f"formatted lacks {', '.join(absent)}"


@requirement("OIDCC-5.1/email-addr-spec")
def test_email_is_an_address(userinfo_by_scope: Trace) -> None:
    """The email is an addr-spec, without a name or brackets."""
    assert ADDR_SPEC.match(str(_claim(userinfo_by_scope, "email"))), "email is no addr-spec"


@requirement("OIDCC-5.1/picture-is-image")
def test_picture_is_a_url(userinfo_by_scope: Trace) -> None:
    """The picture is a URL; whether an image is there we do not look."""
    parts = url_parts(str(_claim(userinfo_by_scope, "picture")))
    assert parts.scheme in {"http", "https"}, "picture is no http or https URL"
    assert parts.netloc, "picture names no host"


@requirement("OIDCC-5.1/phone-number-e164")
def test_phone_number_is_e164(userinfo_by_scope: Trace) -> None:
    """phone_number begins with + and the country."""
    assert E164.match(str(_claim(userinfo_by_scope, "phone_number"))), "it is not of E.164"


@requirement("OIDCC-5.1/verified-phone-number-e164")
def test_verified_phone_number_is_e164(userinfo_by_scope: Trace) -> None:
    """A phone number that was verified begins with + and the country."""
    if _claim(userinfo_by_scope, "phone_number_verified") is not True:
        raise Unsuited("the user's phone number is not verified")
    assert E164.match(str(_claim(userinfo_by_scope, "phone_number"))), "it is not of E.164"


@requirement("OIDCC-5.1/birthdate-format")
def test_birthdate_is_a_date(userinfo_by_scope: Trace) -> None:
    """The birthdate is a year, or a day; the year 0000 stands for one that is not told."""
    birthdate = str(_claim(userinfo_by_scope, "birthdate"))
    assert BIRTHDATE.match(birthdate), "birthdate is neither YYYY-MM-DD nor YYYY"
    day = birthdate.replace("0000", "2000", 1) if birthdate.startswith("0000") else birthdate
    if "-" in day:
        try:
            date.fromisoformat(day)
        except ValueError:
            raise AssertionError("birthdate is no day of the calendar") from None


@requirement("OIDCC-5.1/zoneinfo-iana-name")
def test_zoneinfo_is_known(userinfo_by_scope: Trace) -> None:
    """The zoneinfo is a name of the time zone database."""
    known = available_timezones()
    if not known:
        raise EvidenceError("this machine has no time zone database")
    assert str(_claim(userinfo_by_scope, "zoneinfo")) in known, "the zone is not known"


@requirement("OIDCC-5.1/locale-bcp47")
def test_locale_is_a_language_tag(userinfo_by_scope: Trace) -> None:
    """The locale is a language tag; the underscore is a known deviation."""
    locale = str(_claim(userinfo_by_scope, "locale")).replace("_", "-")
    assert LANGUAGE.match(locale), "locale is no language tag"


@requirement("OIDCC-5.4/profile-scope-claims")
def test_scope_profile_brings_its_claims(userinfo_by_scope: Trace) -> None:
    """The scope profile brings what the user has of its list."""
    missing = (PROFILE & _claims(userinfo_by_scope).keys()) - _of_scope(
        userinfo_by_scope, "profile"
    )
    assert not missing, f"it lacks {', '.join(sorted(missing))}"
    assert PROFILE & _of_scope(userinfo_by_scope, "profile"), "it brings no claim of its list"


@requirement("OIDCC-5.4/email-scope-claims")
def test_scope_email_brings_its_claims(userinfo_by_scope: Trace) -> None:
    """The scope email brings email and email_verified."""
    missing = {"email", "email_verified"} - _of_scope(userinfo_by_scope, "email")
    assert not missing, f"it lacks {', '.join(sorted(missing))}"


@requirement("OIDCC-5.4/address-scope-claim")
def test_scope_address_brings_its_claim(userinfo_by_scope: Trace) -> None:
    """The scope address brings address."""
    assert "address" in _of_scope(userinfo_by_scope, "address"), "it lacks address"


@requirement("OIDCC-5.4/phone-scope-claims")
def test_scope_phone_brings_its_claims(userinfo_by_scope: Trace) -> None:
    """The scope phone brings phone_number and phone_number_verified."""
    missing = {"phone_number", "phone_number_verified"} - _of_scope(userinfo_by_scope, "phone")
    assert not missing, f"it lacks {', '.join(sorted(missing))}"


@requirement("OIDCC-5.4/scope-claims-from-userinfo")
def test_claims_of_scopes_come_from_userinfo(userinfo_by_scope: Trace) -> None:
    """What scopes ask for is at userinfo, not in the ID Token alone."""
    claims = _claims(userinfo_by_scope)
    about_the_user = PROFILE | {"email", "phone_number", "address"}
    assert about_the_user & claims.keys(), "userinfo has no claim of the scopes"
    alone = (
        about_the_user & id_token(userinfo_by_scope, "tokens-all").claims.keys()
    ) - claims.keys()
    assert not alone, f"the ID Token alone has {', '.join(sorted(alone))}"


@requirement("OIDCC-16.8/access-token-restricted")
def test_access_token_of_openid_tells_nothing_else(userinfo_by_scope: Trace) -> None:
    """A token tells neither e-mail nor address nor phone number beyond the scope granted."""
    wanted = sent_parameter(userinfo_by_scope, "login-openid", "scope") or ""
    granted = access_token_scope(userinfo_by_scope, "tokens-openid", wanted)
    told = _of_scope(userinfo_by_scope, "openid")
    more = [name for name, scope in SCOPE_OF.items() if name in told and scope not in granted]
    assert not more, f"it tells {', '.join(more)}"
