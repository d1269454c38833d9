"""How many tokens a second the embedded server issues, beside what signing alone would allow."""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from loadtests.bench.rig import SERVER_CORE, embedded, loaded, on_core, say, spread, target_at

from idprobe_reference.tokens.keys import shared_keys

FORMS = {
    "opaque": 'access_token_format = "opaque"',
    "RS256": 'access_token_format = "jwt"\naccess_token_signing_alg = "RS256"',
    "ES256": 'access_token_format = "jwt"\naccess_token_signing_alg = "ES256"',
}
CONFIG = """
{form}
scopes = ["openid", "api"]
default_scope = "api"
[clients.service]
client_secret = "made-up"
token_endpoint_auth_method = "client_secret_post"
grant_types = ["client_credentials"]
response_types = []
scope = "api"
[users.nobody]
password = "made-up"
"""
CLAIMS = {
    "iss": "http://127.0.0.1:9400",
    "sub": "service",
    "client_id": "service",
    "aud": "http://127.0.0.1:9400",
    "scope": "api",
    "iat": 1_700_000_000,
    "exp": 1_700_000_600,
    "jti": "0123456789abcdef0123456789abcdef",
}
ROUNDS = 7


def tokens_per_s(form: str, users: int, seconds: int) -> tuple[float, str]:
    """Return how many tokens a second a server of that form issues, and whether the run counts."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "server.toml"
        config.write_text(CONFIG.format(form=FORMS[form]), encoding="utf-8")
        with embedded("--config", str(config)) as issuer, target_at(issuer) as target:
            options = ("--users", str(users), "--duration", f"{seconds}s")
            document = loaded(target.profile, target.folder, *options)
    if document["iterations"]["failed"]:
        raise SystemExit(f"the server failed: {document['errors']}")
    return float(document["rate"]["achieved_per_s"]), document["void"] or "sound"


def signing_us(seconds: float) -> dict[str, float]:
    """Return the µs of one signature by the name of who makes it, on the processor we are on."""
    keys = shared_keys()
    rsa_key = rsa.generate_private_key(65537, 2048)
    ec_key = ec.generate_private_key(ec.SECP256R1())
    sha256, message = hashes.SHA256(), json.dumps(CLAIMS).encode()
    made: dict[str, Callable[[], object]] = {
        "RS256 joserfc": lambda: keys.sign("RS256", "at+jwt", CLAIMS),
        "ES256 joserfc": lambda: keys.sign("ES256", "at+jwt", CLAIMS),
        "RS256 cryptography": lambda: rsa_key.sign(message, padding.PKCS1v15(), sha256),
        "ES256 cryptography": lambda: ec_key.sign(message, ec.ECDSA(sha256)),
    }
    return {name: _median_us(sign, seconds / ROUNDS) for name, sign in made.items()}


def _median_us(action: Callable[[], object], seconds: float) -> float:
    """Return the µs of an action: the median of some rounds of so many seconds."""
    rounds = []
    for _ in range(ROUNDS):
        began, count = time.perf_counter(), 0
        while time.perf_counter() < began + seconds:
            action()
            count += 1
        rounds.append((time.perf_counter() - began) / count * 1e6)
    return statistics.median(rounds)


def signing_on_the_servers_core(seconds: float) -> dict[str, float]:
    """Return signing_us of a process on the processor that the server has."""
    command = [sys.executable, "-m", "loadtests.bench.issuing", "--sign", str(seconds)]
    pinned = on_core(SERVER_CORE, command)
    said = subprocess.run(pinned, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, float] = json.loads(said.stdout)
    return found


def main() -> None:
    """Measure signing and servers by turns, and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=8, help="how long each run is")
    parser.add_argument("--users", type=int, default=8)
    parser.add_argument("--sign", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.sign is not None:
        say(json.dumps(signing_us(options.sign)))
        return
    rates: dict[str, list[float]] = {form: [] for form in FORMS}
    signing: dict[str, list[float]] = {}
    for _ in range(options.repeat):
        for name, us in signing_on_the_servers_core(min(2.0, options.seconds / 4)).items():
            signing.setdefault(name, []).append(us)
        for form, values in rates.items():
            rate, sound = tokens_per_s(form, options.users, options.seconds)
            values.append(rate)
            say(f"{form}: {rate:,.0f}/s, {sound}")
    for name, values in signing.items():
        say(f"{name:<20}{spread(values, '.0f')} µs for each signature")
    for form, values in rates.items():
        limits = [
            f"{statistics.median(values) * statistics.median(us) / 1e6:.1%} of what {name} allows"
            for name, us in signing.items()
            if name.startswith(form)
        ]
        say(f"{form:<8}{spread(values)} tokens/s; {', '.join(limits) or 'nothing to sign'}")


if __name__ == "__main__":
    main()
