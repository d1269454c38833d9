"""The verbs `audit` and `judge`: observe and judge a server, or judge again what was seen of it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from idprobe.audit.audit import Audit, recorded_profile
from idprobe.cli.options import options_of, run_options
from idprobe.cli.run_checks import carried_out, code_of
from idprobe.cli.several_targets import audit_several
from idprobe.errors import UsageError
from idprobe.evidence.archives import unpacked
from idprobe.evidence.outputs import Files, fresh_folder, refuse_taken
from idprobe.evidence.signatures import verify_key
from idprobe.evidence.store import read_evidence
from idprobe.findings.gate import declare
from idprobe.findings.run import Run
from idprobe.formats.jose import stock_rsa_keys
from idprobe.model.catalogue import load_catalogue
from idprobe.model.profile import Profile
from idprobe.probes import Depth, Safety, all_probes
from idprobe.report import FORMATS, result_files
from idprobe.report.words import plural
from idprobe.setup.embedded import served
from idprobe.setup.registering import registering
from idprobe.setup.targets import resolve

__all__ = ["add_audit_commands"]

RSA_KEYS = 2
"""So many a quick audit of the embedded server needs; a deeper one makes the others itself."""


@click.command()
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@run_options
@click.option(
    "--depth",
    type=click.Choice([d.name.lower() for d in Depth]),
    default="quick",
    show_default=True,
    help="How long the run may take.",
)
@click.option(
    "--safety",
    type=click.Choice([s.name.lower() for s in Safety]),
    default="normal",
    show_default=True,
    help="What the run may do to the server.",
)
@click.option(
    "--i-may-test",
    "may_test",
    multiple=True,
    metavar="HOST",
    help="You are allowed to test this host.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 16),
    default=2,
    show_default=True,
    metavar="N",
    help="How many of several targets at once.",
)
@click.option(
    "--max-requests",
    type=click.IntRange(1),
    metavar="N",
    help="Send no more requests than that; what is not tried by then is inconclusive.",
)
@click.option("--tls", is_flag=True, help="Serve the embedded server over TLS.")
@click.option(
    "--update-deviations",
    is_flag=True,
    help="Write what counts and is not declared into the profile, take out what is gone.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    metavar="N",
    help="Where generated requests start from; without it a new one for --depth deep, else 0.",
)
@click.option(
    "--reproduce",
    metavar="EXAMPLE",
    help="Try one generated example again, as a report names it, and judge nothing else.",
)
@click.option("--build", metavar="NAME", help="The release of the server, for the reports.")
@click.option(
    "--register",
    is_flag=True,
    help="Register the clients that the profile lacks (RFC 7591), and delete them afterwards.",
)
def audit(targets: tuple[str, ...], **options: Any) -> int:
    """Observe a server, judge it, write the reports.

    TARGET is an issuer URL, a profile file or the name of a shipped profile; without one the
    embedded reference server is audited as `speakup`. Several targets run beside
    each other, each in a process and a folder of its own, and are compared.

    \b
    idprobe audit                                        the embedded server
    idprobe audit https://id.example                     what can be seen from outside
    idprobe audit acme.toml --output results             all that the profile allows
    idprobe audit acme.toml -k RFC6749-5.1               only what matches
    idprobe audit acme.toml --baseline good --fail-on should
    """  # noqa: D301 -- \b is click's, and keeps the lines apart
    if len(targets) > 1:
        out = options["output"] or fresh_folder("several")
        return audit_several(targets, out, options["jobs"], overwrite=options["overwrite"])
    profile = resolve(targets[0] if targets else None)
    out = options["output"] or fresh_folder(profile.name)
    refuse_taken(out, _files(options, evidence=True), overwrite=options["overwrite"])
    with served(profile, tls=options["tls"], meanwhile=_warmed_up) as reachable:
        if not options["register"]:
            return _carried_out(_audit(reachable, options, out), options)
        with registering(reachable, options["may_test"]) as (equipped, registrar):
            run = _audit(equipped, options, out)
            run.afterwards = registrar.take_back
            for refusal in registrar.refused.values():
                click.echo(f"idprobe: not registered: {refusal}", err=True)
            return _carried_out(run, options)


def _files(options: dict[str, Any], *, evidence: bool) -> Files:
    return result_files(options["formats"] or FORMATS, evidence=evidence)


def _warmed_up() -> None:
    """Do what every audit needs and takes a while."""
    load_catalogue()
    all_probes()
    stock_rsa_keys(RSA_KEYS)


def _audit(profile: Profile, options: dict[str, Any], out: Path) -> Audit:
    if options["max_requests"] is not None:
        limits = replace(profile.limits, max_requests=options["max_requests"])
        profile = replace(profile, limits=limits)
    return Audit(profile, options_of(options, out))


def _carried_out(run: Audit, options: dict[str, Any]) -> int:
    updating = options["update_deviations"]
    if updating and not Path(run.profile.where).is_file():
        raise UsageError("--update-deviations needs a profile file to write into: name one")
    result = carried_out(run, options["keyword"], as_json=options["as_json"])
    if updating and not result.interrupted:
        _update(run, result)
    return code_of(result)


def _update(run: Audit, result: Run) -> None:
    path = Path(run.profile.where)
    found = [one for one in result.by_requirement() if one.is_open and one.counts]
    came, went = declare(path, found, result.gone, run.started_at.date(), result.depth)
    said = f"{plural(came, 'deviation')} added, {went} removed"
    click.echo(f"idprobe: {path}: {said}; give each a reason", err=True)


@click.command()
@click.argument("evidence", type=click.Path(path_type=Path, exists=True))
@run_options
@click.option(
    "--unsealed",
    is_flag=True,
    help="Judge evidence that was changed since it was sealed; every report says so.",
)
@click.option(
    "--verify-key",
    type=click.Path(path_type=Path),
    help="Refuse evidence that the key in this file (an Ed25519 public key, PEM) did not sign.",
)
def judge(evidence: Path, **options: Any) -> int:
    """Judge recorded EVIDENCE again, without the server: a results folder, or its evidence/.

    Evidence that was packed as .tar.xz is judged as well. What does not fit the manifest that
    sealed it is refused; a run that was killed has left none.

    \b
    idprobe judge reports/output/latest
    idprobe judge for-acme -k RFC6749-5.1/cache-control-no-store
    """  # noqa: D301 -- \b is click's, and keeps the lines apart
    if options["unsealed"] and options["verify_key"] is not None:
        raise UsageError("--unsealed takes evidence that was changed, --verify-key none: leave one")
    key = None if options["verify_key"] is None else verify_key(options["verify_key"])
    if options["output"] is not None:
        files = _files(options, evidence=False)
        refuse_taken(options["output"], files, overwrite=options["overwrite"])
    folder = evidence / "evidence" if (evidence / "evidence").is_dir() else evidence
    with unpacked(folder) as readable:
        recorded = read_evidence(readable, unsealed=options["unsealed"], signed_by=key)
    profile = recorded_profile(recorded)
    out = options["output"] or fresh_folder(f"{profile.name}-judged")
    depth, safety = recorded.run.get("depth", "quick"), recorded.run.get("safety", "normal")
    chosen = {**options, "depth": depth, "safety": safety, "may_test": ()}
    run = Audit(profile, options_of(chosen, out), recorded=recorded)
    return code_of(carried_out(run, options["keyword"], as_json=options["as_json"]))


def add_audit_commands(commands: click.Group) -> None:
    """Add both verbs to the command line."""
    commands.add_command(audit)
    commands.add_command(judge)
