"""Live verification: a cluster under load and under attack, and verdicts on what really happened."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from counterpoint.harness.interruption import exit_code_of
from counterpoint.harness.live.asking import answers
from counterpoint.harness.live.cluster import Cluster, cluster_text
from counterpoint.harness.live.judging import scenario_of
from counterpoint.harness.live.live_history import LiveHistory, LogReader, classes_of
from counterpoint.harness.live.load import Load
from counterpoint.harness.live.nemesis import LINK_KINDS, Mark, Nemesis
from counterpoint.harness.live.network import PROXY, ClusterNetwork
from counterpoint.harness.live.nodes import Members
from counterpoint.harness.live.processes import COMMAND, Children
from counterpoint.harness.live.watch import LiveWatch
from counterpoint.model.values import NodeId
from counterpoint.model.verdict import Verdict

STARTING_SECONDS = 60.0
QUIET_PART = 0.15
"""In the last part of the time nothing is done to anybody, so that what was lost must show."""

QUIET_SECONDS_MAX = 5.0


class NoStart(Exception):
    """A process did not come up. Says which, and what it said."""


@dataclass(frozen=True)
class LivePlan:
    """What is asked of a live verification."""

    cluster: Cluster
    folder: Path
    seconds: float = 60.0
    clients: int = 8
    processes: int = 3
    nemesis: tuple[str, ...] = ()
    seed: int = 0
    pace: float = 0.05
    patience: float = 3.0
    is_synced: bool = True
    is_logged: bool = True
    """Else servers keep no logs, so there are no notes and what they show is not judged, and those of
    clients tell the calls alone."""


@dataclass(frozen=True)
class LiveOutcome:
    """What came of it."""

    history: LiveHistory
    verdicts: tuple[Verdict, ...]
    marks: tuple[Mark, ...]
    seconds: float
    stopped: int = 0
    """The exit code that a signal has asked for, 0 for none."""
    missed: tuple[str, ...] = ()
    """The kinds of fault that were asked for, and did not come."""

    @property
    def broken(self) -> Verdict | None:
        """The first property that does not hold."""
        return next((verdict for verdict in self.verdicts if verdict.is_broken), None)

    @property
    def outcome(self) -> str:
        """Return "broken" if anything is, "holds" if all that was judged does and calls completed."""
        if self.broken is not None:
            return "broken"
        decided = [verdict for verdict in self.verdicts if verdict.outcome.value == "holds"]
        return "holds" if decided and self.history.completed else "undecided"


@dataclass
class LiveVerification:
    """One live verification. `run` does it; whatever happens, no process is left over."""

    plan: LivePlan
    report: Callable[[str], None] = print

    @cached_property
    def members(self) -> Members:
        """The members of the cluster."""
        return Members(self.plan.cluster)

    @cached_property
    def callers(self) -> tuple[NodeId, ...]:
        """The nodes that make calls."""
        system, served = self.members.system, self.members.served
        clients = self.members.clients or tuple(n for n in served if n.startswith("c"))
        assert set(clients) <= set(system.nodes), clients
        return clients[: self.plan.clients]

    @cached_property
    def servers(self) -> tuple[NodeId, ...]:
        """The nodes that run in processes of their own, and can be harmed."""
        return tuple(node for node in self.members.served if node not in self.callers)

    # ---- the network ---------------------------------------------------------------------------------

    @cached_property
    def network(self) -> ClusterNetwork:
        """The network between all nodes."""
        dialling = (*self.servers, *self.callers)
        return ClusterNetwork(self.plan.cluster, self.members.system.nodes, dialling)

    def view(self, node: NodeId) -> Path:
        """Write the cluster's file as one node sees it, and return where it is."""
        file = self.plan.folder / f"view-{node}.toml"
        seen = self.network.seen_from(node) if self.has_network else self.plan.cluster
        file.write_text(cluster_text(seen), encoding="utf-8")
        return file

    @property
    def has_network(self) -> bool:
        """Whether the links are to be harmed; else nodes talk to each other without one in between."""
        return bool(LINK_KINDS & set(self.plan.nemesis))

    # ---- processes -----------------------------------------------------------------------------------

    def _start_node(self, children: Children, node: NodeId) -> None:
        arguments = [
            *COMMAND, "serve", self.plan.cluster.system, "--config", str(self.view(node)),
            "--node", node, "--tied", *([] if self.plan.is_synced else ["--no-sync"]),
        ]  # fmt: skip
        if self.plan.is_logged:
            arguments += ["--log", str(self._log_of(node))]
        children.start(node, arguments)

    def _log_of(self, node: NodeId) -> Path:
        return self.plan.folder / "logs" / f"{node}.jsonl"

    def _start_all(self, children: Children) -> None:
        if self.has_network:
            children.start(PROXY, self.network.arguments)
            self._await(children, PROXY, lambda: "ready" in children.said(PROXY))
        for node in self.servers:
            self._start_node(children, node)
        for node in self.servers:
            self._await(children, node, lambda node=node: asyncio.run(answers(self.members, node)))  # type: ignore[misc]

    def _await(self, children: Children, name: str, is_up: Callable[[], bool]) -> None:
        deadline = time.monotonic() + STARTING_SECONDS
        while not is_up():
            if children.exit_code(name) is not None or time.monotonic() > deadline:
                raise NoStart(f"{name} does not start: {children.said(name)}")
            time.sleep(0.05)

    def _start_load(self, children: Children, seconds: float) -> tuple[str, ...]:
        """Start the processes of clients, and return their names."""
        groups = [self.callers[k :: self.plan.processes] for k in range(self.plan.processes)]
        names = []
        for number, clients in enumerate(group for group in groups if group):
            views = {client: str(self.view(client)) for client in clients}
            load = Load(
                views, clients, str(self.plan.folder / "logs"), seconds, self.plan.pace,
                self.plan.patience, self.plan.seed, self.plan.is_synced,
                "everything" if self.plan.is_logged else "calls",
            )  # fmt: skip
            name = f"clients-{number}"
            module = "counterpoint.harness.live.load"
            children.start(name, [sys.executable, "-m", module, json.dumps(asdict(load))])
            names.append(name)
        return tuple(names)

    # ---- the run -------------------------------------------------------------------------------------

    def run(self) -> LiveOutcome:
        """Bring everything up, let it run under attack, take it down, and judge.

        Raises:
            NoStart: a process did not come up.
        """
        began = time.monotonic()
        stopped = 0
        with Children(self.plan.folder / "said") as children:
            nemesis = Nemesis(
                children,
                lambda node: self._start_node(children, node),
                [node for node in self.servers if node in self.plan.cluster.places],
                tuple(self.network.links) if self.has_network else (),
                seed=self.plan.seed,
            )
            try:
                self._start_all(children)
                self._attack(children, nemesis)
            except (_Enough, KeyboardInterrupt) as reason:
                stopped = 0 if isinstance(reason, _Enough) else exit_code_of(reason)
        history, verdicts = self.watch.finish()
        seconds = time.monotonic() - began
        marks = tuple(nemesis.marks)
        missed = tuple(k for k in self.plan.nemesis if k not in {mark.kind for mark in marks})
        return LiveOutcome(history, verdicts, marks, seconds, stopped, missed)

    def _attack(self, children: Children, nemesis: Nemesis) -> None:
        """Let clients call while the nemesis strikes; then let them end in peace."""
        seconds = self.plan.seconds
        loads = self._start_load(children, seconds)
        began = time.monotonic()
        until = began + seconds - min(seconds * QUIET_PART, QUIET_SECONDS_MAX)
        self._wait(children, 1.0)
        while self.plan.nemesis and time.monotonic() < until:
            kind = nemesis.choose(self.plan.nemesis)
            nemesis.strike(kind, lambda pause: self._wait(children, pause))
            self._wait(children, nemesis.pause_seconds())
        patience = began + seconds + self.plan.patience + STARTING_SECONDS
        while any(children.exit_code(name) is None for name in loads):
            self._wait(children, 0.2)
            if time.monotonic() > patience:
                break  # what is still open has no answer, which the history says

    def _wait(self, children: Children, seconds: float) -> None:
        """Let time pass; read and judge meanwhile. Raises _Enough when nothing more is to be found."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            time.sleep(min(left, 0.1))
            self._look(children)

    def _look(self, children: Children) -> None:
        for name in (PROXY, *(f"clients-{k}" for k in range(self.plan.processes))):
            if children.has(name) and children.exit_code(name) not in (None, 0):
                raise NoStart(f"{name} has failed: {children.said(name)}")
        found = self.watch.look()
        if found is None:
            return
        self.report(f"{found.answered:,} calls answered · {len(found.verdicts)} properties judged")
        if found.is_broken:
            raise _Enough

    @cached_property
    def watch(self) -> LiveWatch:
        """What reads and judges the logs."""
        classes = classes_of(self.members.hosting.vocabulary)
        nodes = (*self.callers, *self.servers)
        return LiveWatch(
            scenario_of(self.plan.cluster), (LogReader(self._log_of(n), classes) for n in nodes)
        )


class _Enough(Exception):
    """A property is broken: more of the same would tell nothing new."""


def figures(found: LiveOutcome) -> Mapping[str, object]:
    """Return how many calls there were, how fast, and what went wrong meanwhile."""
    from counterpoint.harness.live.plot import percentile

    spans = found.history.completed
    milliseconds = [((span.returned or 0) - span.called) / 1e6 for span in spans]
    ends = [span.returned or 0 for span in spans]
    seconds = (max(ends) - min(span.called for span in spans)) / 1e9 if spans else 0.0
    kinds = [mark.kind for mark in found.marks]
    return {
        "calls": len(found.history.spans),
        "completed": len(spans),
        "per_second": round(len(spans) / seconds, 1) if seconds else 0.0,
        "milliseconds": {
            f"p{part}": round(percentile(milliseconds, part / 100), 2) for part in (50, 95, 99)
        },
        "faults": {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)},
        "missed": list(found.missed),
    }


def lines_of(found: LiveOutcome) -> Sequence[str]:
    """Return what was found, as text."""
    told = figures(found)
    times = told["milliseconds"]
    assert isinstance(times, dict)
    faults = ", ".join(f"{count} {kind}" for kind, count in dict(told["faults"]).items()) or "none"  # type: ignore[call-overload]
    lines = [
        f"{told['completed']:,} of {told['calls']:,} calls answered, {told['per_second']:,} a second, "
        + " ".join(f"{name} {value:g} ms" for name, value in times.items()),
        f"faults: {faults}"
        + f"; there was no time for: {', '.join(found.missed)}" * bool(found.missed),
    ]
    for verdict in found.verdicts:
        why = f": {verdict.summary}" if verdict.summary else ""
        lines.append(
            f"{verdict.property}: {verdict.outcome.value} ({verdict.examined:,} examined){why}"
        )
        lines += [f"  {reason}" for reason in verdict.because] if verdict.is_broken else []
    return lines
