"""Nothing that goes wrong prints a secret: not the message, not the exception, not its trace."""

import traceback
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner

from idprobe.cli.main import commands

SECRET: Final = "known-secret-7d1f0c55-of-this-test"
NOBODY: Final = "http://127.0.0.1:1"
PROFILE: Final = f"""\
issuer = "{NOBODY}"

[clients.web]
client_id = "web"
client_secret = "{SECRET}"
grant_types = ["authorization_code", "client_credentials"]
redirect_uris = ["https://client.example/cb"]

[users.alice]
username = "alice"
password = "{SECRET}-password"
totp_secret = "JBSWY3DPEHPK3PXP"

[login]
cookies = "session={SECRET}-cookie"

[registration]
initial_access_token = "{SECRET}-initial"

[network]
headers = {{ X-Api-Key = "{SECRET}-header" }}
"""
FLAWED: Final = {
    "sound": PROFILE,
    "unknown-key": PROFILE + f'\n[limits]\nsecond = "{SECRET}"\n',
    "wrong-type": PROFILE.replace(f'password = "{SECRET}-password"', f'password = ["{SECRET}"]'),
    "broken-syntax": PROFILE + f'\nclient_secret = "{SECRET}',
    "bad-jwks": PROFILE + f"\n[clients.signed]\nclient_id = 'x'\njwks = '{SECRET}'\n",
    "bad-totp": PROFILE.replace("JBSWY3DPEHPK3PXP", SECRET),
    "bad-url": PROFILE.replace(NOBODY, f"ftp://user:{SECRET}@nowhere.example"),
}


@pytest.mark.parametrize(
    ("verb", "name"),
    [*(("audit", name) for name in FLAWED), ("doctor", "sound"), ("load", "sound")],
)
def test_what_goes_wrong_prints_no_secret(
    verb: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "acme.toml").write_text(FLAWED[name], encoding="utf-8")
    words = {
        "audit": ["audit", "acme.toml", "-k", "issuer-identical", "-o", "out"],
        "doctor": ["doctor", "acme.toml"],
        "load": ["load", "nothing", "acme.toml", "--rate", "1/s", "-o", "out"],
    }[verb]

    done = CliRunner().invoke(commands, words, standalone_mode=False)

    said = done.output + "".join(traceback.format_exception(done.exception))
    kept = [
        path.read_text(encoding="utf-8") for path in tmp_path.glob("out/**/*") if path.is_file()
    ]
    assert done.exception is not None or done.return_value
    assert SECRET not in said + "".join(kept)
