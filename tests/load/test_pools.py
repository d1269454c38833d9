"""Pools of clients and users from CSV files, and how they are dealt out."""

from dataclasses import replace
from pathlib import Path

import pytest

from idprobe.errors import ProfileError
from idprobe.load import pools
from idprobe.load.callers.context import LoadContext
from idprobe.load.engine.transport import Transport
from idprobe.load.pools import with_pools
from idprobe.model.profile import Client, Profile, Role, User, load_profile

PROFILE = """
issuer = "http://127.0.0.1:1"
[clients.service]
client_id = "service"
client_secret = "s-8f#q"
grant_types = ["client_credentials"]
response_types = []
scope = "api"
[clients.web]
client_id = "web"
client_secret = "w-8f#q"
redirect_uris = ["https://client.example/cb"]
[users.alice]
username = "alice"
password = "a-8f#q"
[load]
"""


def profile(folder: Path, **texts: str) -> Profile:
    lines = [PROFILE]
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
        lines.append(f'{name} = "{name}.csv"\n')
    path = folder / "profile.toml"
    path.write_text("".join(lines), encoding="utf-8")
    return load_profile(path, {})


def test_rows_stand_beside_what_the_profile_has(tmp_path: Path) -> None:
    found = with_pools(
        profile(
            tmp_path,
            user_pool='username,password\nbob,"b,""1"\ncarol,c\n',
            client_pool="client_id,client_secret,like\nbatch,x,\nshop,y,web\n",
        )
    )

    users = [(one.username, one.password) for one in found.users.values()]
    assert users == [("alice", "a-8f#q"), ("bob", 'b,"1'), ("carol", "c")]
    assert [one.client_id for one in found.clients.values()] == ["service", "web", "batch", "shop"]
    assert found.clients["service-2"].scope == "api"
    assert found.clients["web-3"].redirect_uri == "https://client.example/cb"
    assert Role.SERVICE in found.clients["service-2"].roles


def test_without_pools_a_profile_stays_as_it_is(tmp_path: Path) -> None:
    plain = profile(tmp_path)

    assert with_pools(plain) == plain


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({"user_pool": "name,password\na,b\n"}, "must name the columns password, username"),
        ({"user_pool": ""}, "must name the columns"),
        ({"user_pool": "username,password\nbob\n"}, "line 2 has not as many columns"),
        ({"user_pool": "username,password\nbob,b,c\n"}, "line 2 has not as many columns"),
        ({"user_pool": 'username,password\nbob,"b\n'}, "is no CSV"),
        (
            {"client_pool": "client_id,client_secret,like\nx,y,shop\n"},
            "line 2 is like client 'shop'",
        ),
    ],
)
def test_what_is_no_pool_is_told(tmp_path: Path, texts: dict[str, str], said: str) -> None:
    with pytest.raises(ProfileError, match=said):
        with_pools(profile(tmp_path, **texts))


def test_a_pool_that_is_not_there_is_told(tmp_path: Path) -> None:
    found = profile(tmp_path, user_pool="username,password\n")
    (tmp_path / "user_pool.csv").unlink()

    with pytest.raises(ProfileError, match=r"user_pool\.csv: cannot be read \(No such file"):
        with_pools(found)


@pytest.mark.parametrize("processes", [2, 3, 4, 5])
def test_processes_share_no_user_while_there_are_enough(processes: int) -> None:
    web = Client("web", "web", roles=frozenset({Role.WEB}))
    clients = {"web": web, "web2": replace(web, name="web2", client_id="web2")}
    users = {name: User(name, name, "password") for name in ("alice", "bob")}
    few = Profile("t", "t.toml", "http://127.0.0.1", clients=clients, users=users)
    stages = [LoadContext(few, {}, Transport(few), place, processes) for place in range(processes)]

    held = [
        [context.provider(Role.WEB, number, with_user=True) for number in range(9)]
        for context in stages
    ]

    pairs = [{(one.client.client_id, one.user) for one in providers} for providers in held]
    assert len(set().union(*pairs)) == 4
    assert (sum(map(len, pairs)) == 4) == (processes <= 4)
    for context, providers in zip(stages, held, strict=True):
        assert {context.logged_in_since(one, 0.0) for one in providers} == {processes > 4}


@pytest.mark.parametrize(
    ("bound", "said"),
    [("MOST_BYTES", r"is larger than 0 MB: split it"), ("MOST_ROWS", "has more than 1 rows")],
)
def test_a_pool_beyond_our_bounds_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str, said: str
) -> None:
    monkeypatch.setattr(pools, bound, 1)
    found = profile(tmp_path, user_pool="username,password\nbob,b\ncarol,c\n")

    with pytest.raises(ProfileError, match=rf"user_pool\.csv: {said}"):
        with_pools(found)
