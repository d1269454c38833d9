"""The command line, in processes of its own: exit codes and the one sentence of each error."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

import pytest

CLIENT: Final = """
[clients.web]
client_id = "web"
client_secret = { env = "WEB_SECRET" }
redirect_uris = ["https://client.example/cb"]
"""


NOWHERE: Final = "http://127.0.0.1:1"


def idprobe(*arguments: str, folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "idprobe", *arguments],
        cwd=folder,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_an_audit_of_a_keyword_needs_few_exchanges_and_ends_well(tmp_path: Path) -> None:
    done = idprobe("audit", "reference", "-k", "cache", "-o", "out", folder=tmp_path)

    assert done.returncode == 0, done.stderr
    assert "out/report.html" in done.stdout
    record = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert record["summary"]["satisfied"] > 0
    assert 0 < record["exchanges"] < 100
    assert (tmp_path / "latest").is_symlink()


def test_a_target_that_nobody_serves_ends_with_3_and_one_sentence(tmp_path: Path) -> None:
    done = idprobe("audit", "http://127.0.0.1:1", folder=tmp_path)

    assert done.returncode == 3
    promise, reason = done.stderr.splitlines()
    assert promise.startswith("idprobe: http://127.0.0.1:1 gets at most ")
    assert reason.startswith("idprobe: http://127.0.0.1:1 cannot be reached: ")


@pytest.mark.parametrize(
    ("profile", "key", "fix"),
    [
        ('issuer = "http://127.0.0.1:1"\nstandrads = ["oidc"]' + CLIENT, "standrads", "standards"),
        ('issuer = "http://127.0.0.1:1"' + CLIENT, "client_secret", "WEB_SECRET"),
        ("issuer = 7" + CLIENT, "issuer", "must be text"),
        ('issuer = "http://127.0.0.1:1"', "clients", "[clients."),
        ("issuer = = 1", "line 1", "TOML"),
    ],
    ids=["misspelt", "variable", "type", "no-clients", "syntax"],
)
def test_a_profile_that_cannot_be_used_ends_with_2_and_one_sentence(
    profile: str, key: str, fix: str, tmp_path: Path
) -> None:
    (tmp_path / "acme.toml").write_text(profile, encoding="utf-8")

    done = idprobe("audit", "acme.toml", folder=tmp_path)

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "acme.toml" in done.stderr
    assert key in done.stderr
    assert fix in done.stderr


def test_a_target_beyond_loopback_ends_with_2_and_one_sentence(tmp_path: Path) -> None:
    profile = 'issuer = "https://id.example"' + CLIENT
    (tmp_path / "acme.toml").write_text(profile, encoding="utf-8")

    done = idprobe("audit", "acme.toml", folder=tmp_path, WEB_SECRET="a-secret")

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "authorized_by" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("audit", "nowhere"), "neither a URL, nor a profile file, nor a shipped profile"),
        (("audit", "--depth", "abyss"), "abyss"),
        (("judge", "nowhere"), "nowhere"),
        (("audit", NOWHERE, "--seed", "7", "--reproduce", "no_such:6:AA"), "no property no_such"),
        (("audit", NOWHERE, "--update-deviations"), "needs a profile file to write into"),
        (("compare", "."), "the results of two runs or more"),
        (("explain", "RFC6749-5.1/cache-control-no-stor"), "RFC6749-5.1/cache-control-no-store"),
        (("serve", "--mutant", "no-such-fault"), "no-such-fault"),
    ],
    ids=["target", "option", "folder", "replay", "update", "one", "requirement", "mutant"],
)
def test_a_call_that_cannot_be_carried_out_ends_with_2_and_one_sentence(
    arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    done = idprobe(*arguments, folder=tmp_path)

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert said in done.stderr


def test_a_run_that_is_killed_leaves_evidence_that_can_be_judged(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "idprobe", "audit", "speakup", "-o", "out"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_for(lambda: len(list((tmp_path / "out" / "evidence").glob("*.har"))) > 3, process)
    process.send_signal(signal.SIGKILL)
    process.wait(10)

    done = idprobe("judge", "out/evidence", "-o", "judged", folder=tmp_path)

    record = json.loads((tmp_path / "judged" / "results.json").read_text(encoding="utf-8"))
    assert done.returncode in {0, 1, 3}
    assert record["judgements"]
    assert not (tmp_path / "out" / "results.json").exists()


def wait_for(condition: object, process: subprocess.Popen[Any]) -> None:
    """Wait until a condition holds; two minutes are more than any machine needs."""
    deadline = time.monotonic() + 120
    while callable(condition) and not condition():
        assert process.poll() is None, "the run ended before it could be killed"
        if time.monotonic() > deadline:
            process.kill()
            pytest.fail("the run does not get as far as that")
        time.sleep(0.005)


def test_explain_says_what_a_requirement_wants_and_where_it_stands(tmp_path: Path) -> None:
    done = idprobe("explain", "RFC6749-5.1/cache-control-no-store", folder=tmp_path)

    assert done.returncode == 0
    assert "wants" in done.stdout
    assert "https://www.rfc-editor.org/rfc/rfc6749#section-5.1" in done.stdout


@pytest.mark.parametrize("what", ["requirements", "probes", "mutants", "profiles"])
def test_list_shows_something_of_each_kind(what: str, tmp_path: Path) -> None:
    done = idprobe("list", what, folder=tmp_path)

    assert done.returncode == 0
    assert len(done.stdout.splitlines()) > 2


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "terminated"])
def test_a_run_that_is_stopped_reports_what_it_saw(sent: signal.Signals, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "idprobe", "audit", "speakup", "-o", "out"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: len(list((tmp_path / "out" / "evidence").glob("*.har"))) > 30, process)
    process.send_signal(sent)
    out, _ = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "the run was stopped before its end" in out
    record = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert record["interrupted"] is True
    assert record["exit"] == [3]
    assert record["summary"]["satisfied"] > 0
    assert record["summary"]["inconclusive"] > 0
    assert record["exchanges"] > 0
    assert (tmp_path / "out" / "report.html").exists()


def test_formats_are_what_is_written_beside_the_record(tmp_path: Path) -> None:
    wanted = ("--format", "junit", "--format", "sarif")

    done = idprobe("audit", "reference", "-k", "cache", "-o", "out", *wanted, folder=tmp_path)

    assert done.returncode == 0, done.stderr
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"results.json", "junit.xml", "results.sarif", "evidence", ".idprobe-results"}


def test_the_outcome_as_json_is_all_that_is_printed(tmp_path: Path) -> None:
    call = ("audit", "reference", "-k", "cache", "-o", "out", "--json", "--build", "7.2")

    done = idprobe(*call, folder=tmp_path)

    outcome = json.loads(done.stdout)
    assert outcome["exit"] == [0]
    assert outcome["target"]["build"] == "7.2"
    assert outcome["output"] == "out"


def test_a_github_step_gets_annotations_and_no_command_of_a_server(tmp_path: Path) -> None:
    call = ("audit", "speakup", "-k", "no-refresh-token", "-o", "out")

    done = idprobe(*call, folder=tmp_path, GITHUB_ACTIONS="true")

    lines = done.stdout.splitlines()
    key = lines[0].removeprefix("::stop-commands::")
    assert f"::{key}::" in lines


def test_no_color_is_obeyed(tmp_path: Path) -> None:
    call = ("audit", "reference", "-k", "cache", "-o")
    plain = idprobe(*call, "a", folder=tmp_path, NO_COLOR="1", FORCE_COLOR="1")

    assert "\x1b[3" not in plain.stdout


def test_explain_says_what_was_sent_and_seen_in_a_run(tmp_path: Path) -> None:
    idprobe("audit", "reference", "-k", "cache-control-no-store", "-o", "out", folder=tmp_path)

    done = idprobe("explain", CACHE, "--results", "out", folder=tmp_path)

    assert done.returncode == 0, done.stderr
    assert "how it is tested:" in done.stdout
    assert "satisfied  rfc6749/test_5_1_token_response.py::" in done.stdout
    assert "sent" in done.stdout


CACHE: Final = "RFC6749-5.1/cache-control-no-store"


def test_several_targets_have_a_folder_each_and_a_comparison(tmp_path: Path) -> None:
    call = ("audit", "speakup", "reference", "-k", "no-refresh-token", "-o", "out")

    done = idprobe(*call, "--fail-on", "never", "--format", "html", folder=tmp_path)

    assert done.returncode == 0, done.stderr
    names = {path.name for path in (tmp_path / "out").iterdir()}
    ours = {"compare.json", "compare.html", ".idprobe-comparison"}
    assert names == {"speakup", "reference", *ours}
    assert {path.name for path in (tmp_path / "out" / "speakup").iterdir()} == {
        ".idprobe-results",
        "results.json",
        "report.html",
        "evidence",
    }
    record = json.loads((tmp_path / "out" / "speakup" / "results.json").read_text("utf-8"))
    assert record["selection"]["fail_on"] == "never"
    assert record["selection"]["keyword"] == "no-refresh-token"


def test_the_gravest_of_several_exit_codes_is_that_of_all(tmp_path: Path) -> None:
    call = ("audit", "reference", "http://127.0.0.1:1", "-k", "cache", "-o", "out")

    done = idprobe(*call, folder=tmp_path)

    assert done.returncode == 3
    assert "127.0.0.1:1: exit 3" in done.stdout
    assert "reference: exit 0" in done.stdout


def test_every_other_verb_is_there_without_what_load_and_browsers_need() -> None:
    extras = ("gevent", "httptools", "locust", "playwright", "prometheus_client", "psutil")
    hidden = f"import sys; sys.modules.update(dict.fromkeys({extras!r})); import idprobe.cli.main"

    subprocess.run([sys.executable, "-c", hidden], check=True)


def test_deviations_are_updated_in_the_file_that_was_named(tmp_path: Path) -> None:
    (tmp_path / "acme.toml").write_text(f'issuer = "{NOWHERE}"\n[registration]\n', "utf-8")

    done = idprobe("audit", "acme.toml", "--update-deviations", folder=tmp_path)

    assert "acme.toml: 0 deviations added, 0 removed" in done.stderr


def test_a_person_cannot_log_in_at_several_servers_at_once(tmp_path: Path) -> None:
    manual = f'issuer = "{NOWHERE}"\n[registration]\n[login]\ndriver = "manual"\n'
    (tmp_path / "acme.toml").write_text(manual, encoding="utf-8")

    done = idprobe("audit", "reference", "acme.toml", folder=tmp_path)

    assert done.returncode == 2
    assert "acme.toml wants a person at its login" in done.stderr
    assert not (tmp_path / "reports").exists()


def test_flags_go_to_each_of_several_and_nothing_is_compared_with_what_did_not_run(
    tmp_path: Path,
) -> None:
    forbidden = 'issuer = "https://id.example"' + CLIENT
    (tmp_path / "acme.toml").write_text(forbidden, encoding="utf-8")
    call = ("audit", "reference", "acme.toml", "-k", "cache", "-o", "out", "--tls")

    done = idprobe(*call, folder=tmp_path, WEB_SECRET="a-secret")

    record = json.loads((tmp_path / "out" / "reference" / "results.json").read_text("utf-8"))
    assert done.returncode == 2
    assert record["target"]["issuer"].startswith("https://127.0.0.1:")
    assert "acme: exit 2" in done.stdout
    assert "comparison:" not in done.stdout


def test_what_is_interrupted_among_several_is_judged_as_far_as_it_came(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "idprobe", "audit", "speakup", "reference", "-o", "out"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    folders = [tmp_path / "out" / name for name in ("speakup", "reference")]
    wait_for(lambda: all(list((one / "evidence").glob("*.har")) for one in folders), process)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)

    assert process.returncode == 130
    for folder in folders:
        record = json.loads((folder / "results.json").read_text(encoding="utf-8"))
        assert record["interrupted"] is True


def test_a_run_that_would_replace_a_file_of_others_ends_with_2(
    tmp_path: Path,
) -> None:
    (tmp_path / "out" / "evidence").mkdir(parents=True)
    (tmp_path / "out" / "evidence" / "code_redeemed.har").write_text("{}", encoding="utf-8")

    done = idprobe("audit", "reference", "-k", "cache", "-o", "out", folder=tmp_path)

    assert done.returncode == 2
    assert "idprobe did not write it" in done.stderr.splitlines()[-1]
    assert not (tmp_path / "out" / "results.json").exists()
