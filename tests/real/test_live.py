"""Live verification: its parts by themselves, and the whole of it on real processes."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from counterpoint.harness.catalog import rebuild
from counterpoint.harness.keeping import keep_trace
from counterpoint.harness.live import ports
from counterpoint.harness.live.cluster import Cluster
from counterpoint.harness.live.judging import scenario_of
from counterpoint.harness.live.live_history import (
    BadLog,
    LiveHistory,
    LoggedEvent,
    LogReader,
    classes_of,
    history_of,
    judged,
)
from counterpoint.harness.live.nemesis import KINDS, Mark, Nemesis
from counterpoint.harness.live.network import ClusterNetwork
from counterpoint.harness.live.plot import page
from counterpoint.harness.live.recorded import (
    CALLS_MAX,
    calls_around,
    culprits_of,
    recorded_scenario,
    searched,
)
from counterpoint.harness.live.verification import LiveOutcome, lines_of
from counterpoint.impl.register.messages import Read, Write
from counterpoint.impl.register.values import written
from counterpoint.impl.register.vocabulary import REGISTER
from counterpoint.impl.token_manager.vocabulary import TOKEN_MANAGER
from counterpoint.impl.token_manager.words import NOT_OWNER, Pay, Rejected, Transform
from counterpoint.model.event import EventKind
from counterpoint.model.search.replay_file import replay
from counterpoint.model.tracefile import read_trace
from counterpoint.model.values import NodeId, Value
from tests.real.conftest import World, gone

ACCESS = "- {token: 1, writer: 'h:1', readers: ['h:2', 'h:3', 'h:4']}"


def cluster(mutant: str | None = None) -> Cluster:
    return Cluster("register", {}, Path(), mutant=mutant, access_text=ACCESS)


def write(number: int) -> Write:
    return Write(1, f"v{number}", 0, 2, 4, "s1")


def told(*lines: tuple[int, NodeId, EventKind, Value]) -> LiveHistory:
    return history_of([LoggedEvent(at, n, k, kind, v) for k, (at, n, kind, v) in enumerate(lines)])


def inversion() -> LiveHistory:
    """One read sees the new value, and a later one does not."""
    new = written("v1", 0, 2, 4)
    return told(
        (1, "c1", "invoke", write(1)),
        (2, "c2", "invoke", Read(1, "s2")),
        (3, "c2", "return", new),
        (4, "c3", "invoke", Read(1, "s3")),
        (5, "c3", "return", None),
    )


# ---- histories -----------------------------------------------------------------------------------


def test_a_history_is_judged_by_the_properties_of_the_catalog() -> None:
    verdicts = judged(scenario_of(cluster()), inversion())
    assert [v.property for v in verdicts if v.is_broken] == [
        "no new/old inversion",
        "linearizability",
    ]
    good = told((1, "c1", "invoke", write(1)), (2, "c1", "return", written("v1", 0, 2, 4).partial))
    assert not any(verdict.is_broken for verdict in judged(scenario_of(cluster()), good))


def test_a_call_that_its_client_gave_up_stays_open_and_its_late_answer_counts_for_nothing() -> None:
    history = told(
        (1, "c1", "invoke", write(1)),
        (2, "c1", "crash", None),
        (3, "c1", "recover", 1),
        (4, "c1", "invoke", write(2)),
        (5, "c1", "return", 7),
        (6, "c1", "return", 8),
    )
    assert [span.result for span in history.spans.values()] == [None, 7]
    assert [event.kind for event in history.events][-1] == "return"
    assert len(history.events) == 5


def test_a_log_is_read_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "c1.jsonl"
    reader = LogReader(path, classes_of(REGISTER))
    assert reader.new() == []
    line = '{"node":"c1","n":1,"ev":"invoke","t":5,"body":{"is":"Read","token":1,"at":"s2"}}\n'
    path.write_text('{"node":"c1","n":0,"ev":"start","t":4}\n' + line + line[:30])
    assert reader.new() == [LoggedEvent(5, "c1", 1, "invoke", Read(1, "s2"))]
    path.write_text(path.read_text() + line[30:])
    assert len(reader.new()) == 1
    path.write_text(path.read_text() + '{"ev":"note","n":1}\n')
    with pytest.raises(BadLog, match="is no line of a node's log"):
        reader.new()


# ---- the nemesis ---------------------------------------------------------------------------------


class Recorder:
    """Children that write down what is done to them."""

    def __init__(self) -> None:
        self.done: list[tuple[str, Any]] = []

    def kill(self, name: str) -> None:
        self.done.append(("kill", name))

    def signal(self, name: str, number: int) -> None:
        self.done.append((signal.Signals(number).name, name))

    def tell(self, name: str, text: str) -> None:
        assert name == "network"
        self.done.append((json.loads(text)["do"], json.loads(text)["links"]))


def nemesis(seed: int) -> tuple[Nemesis, Recorder]:
    children = Recorder()
    links = ("s1>s2", "s1>s3", "s2>s3", "c1>s1", "c1>s2", "c1>s3")

    def start(node: NodeId) -> None:
        children.done.append(("start", node))

    return Nemesis(children, start, ("s1", "s2", "s3"), links, seed=seed), children  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fails", [False, True])
def test_what_the_nemesis_does_it_undoes_whatever_happens(kind: str, fails: bool) -> None:
    undone = {"kill": "start", "SIGSTOP": "SIGCONT"}

    def wait(_: float) -> None:
        if fails:
            raise KeyboardInterrupt

    for seed in range(20):
        harm, children = nemesis(seed)
        try:
            harm.strike(kind, wait)
        except KeyboardInterrupt:
            assert fails
        first, last = children.done[0], children.done[-1]
        if kind == "reset":
            assert {what for what, _ in children.done} == {"reset"}
        else:
            assert last == (undone.get(first[0], "heal"), first[1])


def test_a_seed_gives_the_same_faults() -> None:
    def of(seed: int) -> list[tuple[str, Any]]:
        harm, children = nemesis(seed)
        for _ in range(10):
            harm.strike(harm.choose(KINDS), lambda seconds: None)  # noqa: ARG005 - no time passes
        return children.done

    assert of(1) == of(1)
    assert of(1) != of(2)


def test_each_kind_of_fault_comes_before_any_comes_again() -> None:
    harm, _ = nemesis(3)
    for _ in range(2 * len(KINDS)):
        harm.strike(harm.choose(KINDS), lambda seconds: None)  # noqa: ARG005 - no time passes
    kinds = [mark.kind for mark in harm.marks]
    assert sorted(kinds[: len(KINDS)]) == sorted(kinds[len(KINDS) :]) == sorted(KINDS)


def test_what_there_was_no_time_for_is_told() -> None:
    found = LiveOutcome(inversion(), (), (Mark("kill", "s1", 2, 4),), 1.0, missed=("pause", "slow"))
    assert "faults: 1 kill; there was no time for: pause, slow" in lines_of(found)


# ---- the picture ---------------------------------------------------------------------------------


def test_the_page_needs_nothing_from_elsewhere_and_shows_what_it_is_told_as_text() -> None:
    marks = [Mark("kill", "s1", 2, 4), Mark("slow", "<b>", 3, 4)]
    text = page("register <script>", ["c1 read \x1b & <b>"], [*inversion().spans.values()], marks)

    class Tags(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.seen: set[str] = set()

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.seen.add(tag)
            assert not {"src", "href"} & {name for name, _ in attrs}

    tags = Tags()
    tags.feed(text)
    assert {"svg", "rect", "circle", "polyline"} <= tags.seen
    assert not {"script", "b", "link", "img"} & tags.seen


def test_no_link_of_a_network_has_the_port_of_a_node_that_is_not_there_yet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ports, "OURS", range(21_000, 21_006))
    nodes = ("s1", "s2", "s3")
    places = {node: (ports.HOST, 21_000 + k) for k, node in enumerate(nodes)}
    network = ClusterNetwork(Cluster("causal_deps", places, Path()), nodes, nodes)
    theirs = {port for port, _ in network.links.values()}
    assert len(theirs) == 3
    assert not theirs & {port for _, port in places.values()}


# ---- into the simulator --------------------------------------------------------------------------


def test_the_calls_around_a_violation_are_its_own_and_the_nearest() -> None:
    far = [
        (k, "c4", kind, value)
        for k in range(10, 90, 2)
        for kind, value in [("invoke", Read(1, "s2"))]
    ]
    lines = [LoggedEvent(at, f"c{at % 7 + 4}", at, "invoke", value) for at, _, _, value in far]
    events = [
        LoggedEvent(e, s.node, e, "invoke", s.operation)
        for e, s in enumerate(inversion().spans.values())
    ]
    history = history_of([*events, *lines])
    broken = judged(scenario_of(cluster()), inversion())[2]
    calls = calls_around(history, broken)
    assert sum(map(len, calls.values())) == CALLS_MAX
    assert {"c1", "c2", "c3"} <= set(calls)


@pytest.mark.slow
def test_what_broke_for_real_is_found_in_the_simulator_and_replays_from_its_file(
    tmp_path: Path,
) -> None:
    history = inversion()
    broken = judged(scenario_of(cluster("B1")), history)[2]
    marks = [Mark("slow", "s1", 0, 9)]
    example = searched(cluster("B1"), history, broken, marks, seconds=20)
    assert example is not None
    assert example.verdict.property == "no new/old inversion"
    path = keep_trace(example.trace, example.verdicts, tmp_path, "B1").path
    assert path is not None
    recorded = read_trace(path)
    assert replay(recorded, rebuild(recorded.origin)).choices == example.trace.choices


def caught_for_real() -> tuple[Cluster, LiveHistory]:
    """What a real cluster of A6 did, and half a minute of payments after it."""
    file = Path(__file__).with_name("token_manager-A6.calls.jsonl")
    lines = LogReader(file, classes_of(TOKEN_MANAGER)).new()
    end = max(line.at for line in lines)
    for k in range(100):
        call = (end + 3 * k, "c1", 1_000 + 2 * k)
        lines += [
            LoggedEvent(*call, "invoke", Pay(1, 2)),
            LoggedEvent(call[0] + 1, "c1", 1_001 + 2 * k, "return", Rejected(NOT_OWNER)),
        ]
    return Cluster("token_manager", {}, Path(), {"clients": "8"}, "A6"), history_of(lines)


def test_a_verdict_on_notes_is_about_the_calls_that_were_under_way_then() -> None:
    """Two payments of one token, and what changed between them who keeps it."""
    tokens, history = caught_for_real()
    broken = judged(scenario_of(tokens), history)[0]
    assert (broken.property, broken.culprits) == ("conservation", ())
    guilty = [history.spans[name] for name in culprits_of(history, broken)]
    assert [(call.node, call.operation) for call in guilty] == [("c5", Pay(4, 3))] * 2
    calls = calls_around(history, broken)
    assert calls["c5"].count(Pay(4, 3)) == 2
    assert Pay(1, 2) not in calls.get("c1", ())
    assert sum(ops.count(Transform()) for ops in calls.values()) >= 3
    assert culprits_of(history, None) == ()


@pytest.mark.slow
@pytest.mark.nightly
def test_a_change_of_role_that_lost_a_payment_for_real_loses_one_in_the_simulator() -> None:
    tokens, history = caught_for_real()
    broken = judged(scenario_of(tokens), history)[0]
    example = searched(tokens, history, broken, [Mark("slow", "s1", 0, 9)], seconds=60)
    assert example is not None
    assert example.verdict.property == "conservation"


def test_a_header_that_describes_no_recorded_scenario_is_refused() -> None:
    good = recorded_scenario(cluster(), calls_around(inversion(), None), {"delay": 1}).origin
    assert rebuild(good).name == "recorded"
    for text in ("", "{}", "[]", good["set.recorded"].replace("Read", "Unheard")):
        with pytest.raises(ValueError, match="no recorded scenario"):
            rebuild({"system": "live", "set.recorded": text})


# ---- the whole of it -----------------------------------------------------------------------------


def live(world: World, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Run a live verification, and return its exit code and its result."""
    code, text = world.run("live", *arguments, "--no-sync", "--json")
    return code, json.loads(text.splitlines()[-1])


@pytest.mark.live
@pytest.mark.slow
def test_a_right_system_holds_while_its_nodes_are_killed_and_its_links_are_cut(
    world: World,
) -> None:
    code, result = live(world, "register", "--seconds", "4", "--nemesis", ",".join(KINDS))
    assert (code, result["outcome"]) == (0, "holds")
    assert set(result["verdicts"].values()) == {"holds"}
    assert result["completed"] > 20
    assert (world.folder / result["page"]).exists()
    assert gone()


@pytest.mark.live
@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_verification_that_is_stopped_leaves_no_process_behind(
    world: World, how: signal.Signals, until: Callable[[Callable[[], object]], None]
) -> None:
    child = world.start("live", "register", "--seconds", "600", "--nemesis", "pause", "--no-sync")
    until(lambda: [*world.folder.glob(".counterpoint/*/logs/c8.jsonl")])
    child.send_signal(how)
    child.communicate(timeout=60)
    assert child.returncode == (128 + how if how != signal.SIGKILL else -9)
    assert gone()


# ---- hours for machines --------------------------------------------------------------------------


@pytest.mark.live
@pytest.mark.nightly
@pytest.mark.parametrize("system", ["register", "token_manager", "causal_deps", "causal_lamport"])
def test_a_minute_of_everything_breaks_no_right_system(world: World, system: str) -> None:
    arguments = ("--seconds", "60", "--pace", "0.08", "--nemesis", ",".join(KINDS))
    code, result = live(world, system, *arguments)
    assert (code, set(result["verdicts"].values())) == (0, {"holds"}), result
    assert result["completed"] >= 1_000
    assert set(result["faults"]) == set(KINDS)


@pytest.mark.live
@pytest.mark.nightly
@pytest.mark.parametrize(
    ("system", "mutant", "nemesis"),
    [
        ("register", "B1", "partition"),
        ("register", "B6", "kill"),
        ("token_manager", "A6", "slow,partition"),
        ("causal_deps", "C1", "slow,partition"),
    ],
)
def test_a_wrong_variant_is_caught_for_real_or_in_the_simulator(
    world: World, system: str, mutant: str, nemesis: str
) -> None:
    arguments = ("--mutant", mutant, "--seconds", "110", "--nemesis", nemesis, "--pace", "0.03")
    code, result = live(world, system, *arguments)
    assert code == 1 or result["simulated"], result


@pytest.mark.live
@pytest.mark.nightly
def test_what_came_of_requests_at_random_comes_of_them_without_faults_too(world: World) -> None:
    """Random mode: payments, snapshots, changes of role at random moments, while nodes are killed."""
    arguments = ("--clients", "5", "--pace", "0.2", "--nemesis", ",".join(KINDS), "--seconds", "8")
    code, result = live(world, "token_manager", *arguments)
    assert (code, set(result["verdicts"].values())) == (0, {"holds"}), result
    folder = Path(result["page"]).parent
    logs = [str(path) for path in (world.folder / folder / "logs").glob("*.jsonl")]
    config = ("--config", str(folder / "cluster.toml"), "--steps", "100000")
    code, text = world.run("merge", *logs, *config)
    assert code == 0, text
    code, text = world.run("replay", "merged.trace.jsonl", "--fault-free")
    assert code == 0, text
    assert text.startswith("equal: ")
    assert int(text.split()[1]) >= 20
