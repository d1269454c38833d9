"""What a server and a profile lack, and what becomes of experiments and checks for want of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from idprobe.audit.audit import Audit
from idprobe.audit.options import Options
from idprobe.judge.collect import InProcess, all_checks, judged
from idprobe.model.profile import Node, Profile, Role, with_issuer
from idprobe.model.verdict import Inconclusive, NotApplicable, Satisfied, Verdict, Violated
from idprobe.observe.selection import Selection
from idprobe.probes import Depth, Safety
from idprobe.setup.targets import resolve
from idprobe_reference.config import ServerConfig, reference_config, speakup_config
from idprobe_reference.server import ReferenceServer

ISSUER: Final = "http://127.0.0.1:8081"
CONFIGS: Final = {"reference": reference_config, "speakup": speakup_config}
NODES: Final = (Node("one", "http://127.0.0.2:8081"), Node("two", "http://127.0.0.3:8081"))

Change = Callable[[Profile], Profile]
Reconfiguration = Callable[[ServerConfig], ServerConfig]


@dataclass(frozen=True)
class Lack:
    """A server and a profile that lack something, and what is concluded."""

    says: Mapping[str, str] = field(default_factory=dict)
    """The sentence of each experiment that cannot be made."""
    makes: tuple[str, ...] = ()
    """The experiments that are made as far as they go, and satisfy some check of theirs."""
    leaves: tuple[str, ...] = ()
    """The experiments that end too early for any check to be satisfied."""
    opens: tuple[str, ...] = ()
    """How the reasons begin for which some checks remain open."""
    breaks: frozenset[str] = frozenset()
    """The requirements that the server violates, and that the checks see."""
    profile: tuple[Change, ...] = ()
    config: tuple[Reconfiguration, ...] = ()
    server_class: type[ReferenceServer] = ReferenceServer
    name: str = "reference"


def each(sentence: str, *probes: str) -> Mapping[str, str]:
    return dict.fromkeys(probes, sentence)


def client(name: str, **changes: Any) -> Change:
    """Return what changes a client of a profile."""

    def change(profile: Profile) -> Profile:
        changed = replace(profile.clients[name], **changes)
        return replace(profile, clients={**profile.clients, name: changed})

    return change


def registered(name: str, **changes: Any) -> Reconfiguration:
    """Return what changes a client as the server knows it."""

    def change(config: ServerConfig) -> ServerConfig:
        clients = (
            replace(one, **changes) if one.client_id == name else one for one in config.clients
        )
        return replace(config, clients=tuple(clients))

    return change


def configured(**changes: Any) -> Reconfiguration:
    return lambda config: replace(config, **changes)


def playing(role: Role, name: str) -> Change:
    """Return what gives a role to one client, and takes it from all others."""

    def change(profile: Profile) -> Profile:
        clients = {
            key: replace(one, roles=one.roles | {role} if key == name else one.roles - {role})
            for key, one in profile.clients.items()
        }
        return replace(profile, clients=clients)

    return change


def only(*names: str) -> Change:
    """Return what leaves a profile with some of its clients."""
    return lambda profile: replace(profile, clients={name: profile.clients[name] for name in names})


def users(*names: str) -> Change:
    return lambda profile: replace(profile, users={name: profile.users[name] for name in names})


def contract(**said: Any) -> Change:
    return lambda profile: replace(profile, contract={**profile.contract, **said})


def with_nodes(profile: Profile) -> Profile:
    return replace(profile, nodes=NODES)


def concluded(lack: Lack, folder: Path) -> Mapping[str, list[tuple[str, Verdict]]]:
    """Return requirement and verdict of every check that reads a named probe, by that probe."""
    config, profile = CONFIGS[lack.name](), with_issuer(resolve(lack.name), ISSUER)
    for reconfigure in lack.config:
        config = reconfigure(config)
    for change in lack.profile:
        profile = change(profile)
    app = lack.server_class(replace(config, issuer=ISSUER)).app
    selection = Selection(Depth.FULL, Safety.INTRUSIVE, seconds=1)
    audit = Audit(profile, Options(folder, selection, keeps_evidence=False), InProcess(app))
    named = {*lack.says, *lack.makes, *lack.leaves}
    checks = [one for one in all_checks() if named & {*one.probes}]
    probes = {one.name: named & {*one.probes} for one in checks}
    found: dict[str, list[tuple[str, Verdict]]] = {name: [] for name in named}
    for judgement in judged(audit, checks):
        for name in probes[judgement.check]:
            found[name].append((judgement.requirement.id, judgement.verdict))
    return found


def assert_concluded(lack: Lack, folder: Path) -> None:
    """Assert that what lacks is said, and that nobody is accused of more than is so."""
    found = concluded(lack, folder)

    told = {name: [verdict for _, verdict in verdicts] for name, verdicts in found.items()}
    assert not [name for name, said in lack.says.items() if NotApplicable(said) not in told[name]]
    assert not [name for name in lack.makes if Satisfied() not in told[name]]
    everything = [pair for verdicts in found.values() for pair in verdicts]
    violated = {one for one, verdict in everything if isinstance(verdict, Violated)}
    assert violated == lack.breaks
    kinds = Satisfied | NotApplicable | Violated
    left = [verdict for _, verdict in everything if not isinstance(verdict, kinds)]
    assert all(isinstance(verdict, Inconclusive) for verdict in left)
    open_for = {verdict.because for verdict in left if isinstance(verdict, Inconclusive)}
    assert not [one for one in open_for if not one.startswith(lack.opens or ("nothing",))]
    assert not [one for one in lack.opens if not any(why.startswith(one) for why in open_for)]
