"""A mutant has one fault: wherever that is not, it does as the sound server does."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest

from idprobe.formats.jose import public_key
from idprobe_reference.config import (
    ALICE_PASSWORD,
    BOB_PASSWORD,
    SIGNED_PRIVATE_JWKS,
    reference_config,
    speakup_config,
)
from idprobe_reference.mutants import mutant_named
from idprobe_reference.mutants.keys.off_curve import added
from idprobe_reference.mutants.users.passwords import PasswordServer
from idprobe_reference.server import ReferenceServer

ISSUER: Final = "https://idp.test"
CONFIGS: Final = {"reference": reference_config, "speakup": speakup_config}

KEY: Final = public_key(SIGNED_PRIVATE_JWKS["keys"][0])
SIGNED: Final = next(one for one in reference_config(ISSUER).clients if one.client_id == "signed")

Journey = Callable[[Any], object]


def revoked_access_token(desk: Any) -> object:
    """A code's own access token is revoked, and used."""
    tokens = desk.tokens()
    desk.post("/revoke", token=tokens["access_token"])
    inactive = desk.post("/introspect", token=tokens["access_token"]).json()
    return desk.userinfo(tokens["access_token"]).status_code, inactive


def revoked_refresh_token(desk: Any) -> object:
    """A code's own refresh token is revoked, and traded."""
    token = desk.tokens()["refresh_token"]
    desk.post("/revoke", token=token)
    return desk.refresh(token).json()["error"]


def revoked_by_another(desk: Any) -> object:
    """Another client revokes a token that was never refreshed."""
    token = desk.tokens()["access_token"]
    answer = desk.post("/revoke", "second", token=token)
    return answer.status_code, desk.userinfo(token).status_code


def replayed(desk: Any) -> object:
    """A code that nobody refreshed comes again; other logins are not concerned."""
    other = desk.tokens()
    code = desk.answer(scope="openid offline_access", prompt="consent")["code"]
    first = desk.redeem(code).json()
    error = desk.redeem(code).json()["error"]
    return error, desk.userinfo(first["access_token"]).status_code, refreshed(desk, other)


def refreshed(desk: Any, tokens: Mapping[str, str]) -> object:
    return desk.refresh(tokens["refresh_token"]).status_code


def widened(desk: Any) -> object:
    """A refresh asks for all that there is, and the next one for more."""
    tokens = desk.tokens()
    again = desk.refresh(tokens["refresh_token"], scope="openid offline_access").json()
    return desk.refresh(again["refresh_token"], scope="openid email").json()["error"]


def served(desk: Any) -> object:
    """A client logs somebody in, uses its tokens, and refreshes them."""
    tokens = desk.tokens()
    return sorted(tokens), desk.userinfo(tokens["access_token"]).json(), refreshed(desk, tokens)


def served_in_body(desk: Any) -> object:
    """A client is served that has its secret in the body."""
    return sorted(desk.tokens("second"))


def served_again(desk: Any) -> object:
    """Who is logged in and has agreed is sent back without a page, with the token that hints."""
    desk.answer(scope="openid")
    token = desk.redeem(desk.answer()["code"]).json()["id_token"]
    return sorted(desk.parameters(desk.ask(desk.wish(prompt="none", id_token_hint=token))))


def silent_without_consent(desk: Any) -> object:
    """Who has not agreed cannot be let through without a page."""
    desk.answer()
    answer = desk.ask(desk.wish(prompt="none", scope="openid email"))
    return desk.parameters(answer)["error"]


def without_nonce(desk: Any) -> object:
    return sorted(desk.tokens(nonce=None))


def unknown_client(desk: Any) -> object:
    return desk.ask({**desk.wish(), "client_id": "nobody"}).status_code


def bobs_session(desk: Any) -> object:
    """Somebody else is logged in."""
    page = desk.ask(desk.wish(prompt="login"))
    page = desk.log_in(page, username="bob", password=BOB_PASSWORD)
    code = desk.parameters(desk.carry(page))["code"]
    return desk.userinfo(desk.redeem(code).json()["access_token"]).json()


def by_form(desk: Any) -> object:
    """The answer comes by a page that sends a form."""
    page = desk.carry(desk.ask(desk.wish(response_mode="form_post")))
    return page.status_code, "location" in page.headers, 'name="code"' in page.text


def by_fragment(desk: Any) -> object:
    return sorted(desk.answer("implicit", response_type="id_token token"))


def id_token_alone(desk: Any) -> object:
    return sorted(desk.answer("implicit", response_type="id_token", code_challenge=None))


def logged_out(desk: Any) -> object:
    """Somebody is asked whether to log out, by POST and without a hint, and says no."""
    desk.answer()
    page = desk.http.post("/logout", data={"client_id": "web"})
    answer = desk.submit(page, decision="deny")
    still = "code" in desk.parameters(desk.ask(desk.wish(prompt="none")))
    return page.status_code, answer.status_code, "set-cookie" in answer.headers, still


def registered_without_secret(desk: Any) -> object:
    metadata = {
        "redirect_uris": ["https://new.example/cb"],
        "token_endpoint_auth_method": "none",
    }
    answer = desk.http.post("/register", json=metadata)
    return answer.status_code, sorted(answer.json())


def answer_of_a_stranger(desk: Any) -> object:
    """A browser that never was here is asked for a silent login."""
    return sorted(desk.parameters(desk.ask(desk.wish(prompt="none"))))


def logged_in_again(desk: Any) -> object:
    """Who has agreed before logs in once more, and is asked nothing else."""
    desk.answer()
    return sorted(desk.answer(prompt="login"))


def in_octets(desk: Any) -> object:
    """A form has octets that are no text in UTF-8 and are not escaped."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = desk.http.post("/token", content=b"grant_type=\xff", headers=headers)
    return answer.status_code, answer.json()["error"]


ELSEWHERE: Final[Mapping[str, tuple[Journey, str]]] = {
    "RefreshedAccessTokensCannotBeRevoked": (revoked_access_token, "reference"),
    "OnlyFirstRefreshTokensAreRevoked": (revoked_refresh_token, "reference"),
    "ReplaySparesRefreshedTokens": (replayed, "reference"),
    "NarrowingOpensTheScope": (widened, "reference"),
    "UserinfoSparesRefreshedTokens": (revoked_access_token, "reference"),
    "OthersMayRevokeRefreshedTokens": (revoked_by_another, "reference"),
    "NarrowedTokensAreIntrospectedWhole": (revoked_access_token, "reference"),
    "AtHashIsWhole": (id_token_alone, "speakup"),
    "LogoutIsPostOnly": (logged_out, "reference"),
    "SessionOutlivesLogout": (logged_out, "reference"),
    "AnyHintSparesTheQuestion": (logged_out, "reference"),
    "ExpiredHintsAreErrors": (served_again, "reference"),
    "RefreshTokensOfRevokedAccessTokensAreMalformed": (served, "reference"),
    "SilenceIsDenied": (silent_without_consent, "reference"),
    "ClientsOfAnyCase": (unknown_client, "reference"),
    "NewcomersAreNotServed": (served, "reference"),
    "SecretBelongsIntoTheHeader": (served, "reference"),
    "BasicIsRefused": (served_in_body, "reference"),
    "SecretInTheBodyIsRefused": (served_in_body, "speakup"),
    "PublicClientIsGuessed": (served, "reference"),
    "FragmentHasParameters": (by_fragment, "speakup"),
    "StateIsNotEscaped": (by_form, "reference"),
    "LocationHasQuotes": (by_form, "reference"),
    "ConsentIsRedirectedWith307": (by_form, "reference"),
    "UnsignedTokensHaveSignatures": (served, "reference"),
    "RequiredAuthTimeIsMissing": (served, "reference"),
    "DefaultAcrIsACommand": (served, "reference"),
    "ExpiredSecretsWork": (registered_without_secret, "reference"),
    "EverybodyIsAlice": (bobs_session, "reference"),
    "SessionStateOutlivesSessions": (answer_of_a_stranger, "reference"),
    "PagesHaveTokensInTheirAddresses": (logged_in_again, "reference"),
    "FormsMayBeLatin1": (in_octets, "reference"),
    "NoncesLoseDoubledSigns": (without_nonce, "reference"),
}


@pytest.mark.parametrize(("name", "journey"), ELSEWHERE.items(), ids=ELSEWHERE)
def test_a_mutant_does_elsewhere_as_the_sound_server_does(
    make_desk: Any, name: str, journey: tuple[Journey, str]
) -> None:
    go, profile = journey
    config = CONFIGS[profile](ISSUER)

    sound = go(make_desk(config, ReferenceServer))

    assert go(make_desk(config, mutant_named(name).server_class)) == sound


def test_who_revokes_only_some_tokens_at_a_replay_revokes_none_of_another_grant(
    make_desk: Any,
) -> None:
    server_class = mutant_named("ReplayRevokesRefreshTokensOnly").server_class
    desk = make_desk(reference_config(ISSUER), server_class)

    assert replayed(desk) == ("invalid_grant", 200, 200)


@pytest.mark.parametrize(("password", "status"), [(ALICE_PASSWORD, 200), ("pässword", 400)])
def test_passwords_of_ascii_are_taken_where_others_are_not(
    make_desk: Any, password: str, status: int
) -> None:
    desk = make_desk(reference_config(ISSUER), mutant_named("PasswordsAreAscii").server_class)
    form = {"grant_type": "password", "username": "alice", "password": password}

    assert desk.token(**form).status_code == status


def test_who_guesses_passwords_by_the_grant_has_to_wait(make_desk: Any) -> None:
    desk = make_desk(reference_config(ISSUER), PasswordServer)
    form = {"grant_type": "password", "username": "alice"}

    wrong = [desk.token(**form, password=str(number)).status_code for number in range(21)]
    right = desk.token(**form, password=ALICE_PASSWORD)

    assert wrong == [400] * 20 + [429]
    assert (right.status_code, right.headers["retry-after"]) == (429, "30")


@pytest.mark.parametrize("name", [None, "NestedJwtsAreNotCalledSo"])
def test_nothing_is_encrypted_to_a_client_without_a_key(make_desk: Any, name: str | None) -> None:
    server_class = ReferenceServer if name is None else mutant_named(name).server_class
    server = make_desk(reference_config(ISSUER), server_class).server

    with pytest.raises(ValueError, match="nobody can encrypt to"):
        server.encrypted(server.clients["public"], "{}", "RSA-OAEP", "A128GCM")


@pytest.mark.parametrize(
    ("name", "decide"),
    [
        ("SymmetricKeysAreCut", lambda one: one.key_to_encrypt_to(SIGNED, "ECDH-ES", "A128GCM")),
        ("StrangeKeysAreFatal", lambda one: one.usable_key(KEY).as_dict()),
    ],
)
def test_other_keys_are_taken_as_the_sound_server_takes_them(
    make_desk: Any, name: str, decide: Callable[[Any], object]
) -> None:
    config = reference_config(ISSUER)
    sound = make_desk(config).server

    mutant = make_desk(config, mutant_named(name).server_class).server

    assert decide(mutant) == decide(sound)


def test_points_of_the_curve_are_added_as_the_curve_says() -> None:
    """Twice and three times the generator of P-256 are known."""
    g = (
        0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
        0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    )

    twice = added(g, g)
    thrice = added(twice, g)

    assert twice is not None
    assert twice[0] == 0x7CF27B188D034F7E8A52380304B51AC3C08969E277F21B35A60B48FC47669978
    assert thrice is not None
    assert thrice[0] == 0x5ECBE4D1A6330A44C8F7EF951D4BF165E6C6B721EFADA985FB41661BC6E7FD6C
