"""Exports, each read back: by its real reader where that is installed, and always by strict rules."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from counterpoint.checkers.readers.edn_lines import read_jepsen_edn
from counterpoint.harness.explanation.explanation import TraceExplanation
from counterpoint.harness.exports.dot import EVENTS_MAX
from counterpoint.harness.exports.formats import EXPORTS
from counterpoint.harness.exports.python import CannotExport, to_python
from counterpoint.model.search.replay import judge
from counterpoint.model.trace import Trace
from counterpoint.model.verdict import Verdict
from tests.report.test_report import abd_verdict, played
from tests.support.abd import abd
from tests.support.gossip import gossip
from tests.support.runs import abd_failure, abd_faults, failing_trace, gossip_failure, random_trace

TRACES: dict[str, Callable[[], Trace]] = {
    "abd": abd_failure,
    **{f"abd-{seed}": lambda seed=seed: random_trace(abd(), seed) for seed in range(6)},  # type: ignore[misc]
    **{f"gossip-{seed}": lambda seed=seed: random_trace(gossip(4, 2), seed) for seed in range(6)},  # type: ignore[misc]
    "hostile": lambda: random_trace(gossip(3, 1, ('"; end }\n-->> #<b>\u202e\x00\\',)), 1),
    "empty": lambda: Trace(
        abd_failure().scenario, (), abd_failure().events[:5], abd_failure().worlds[:1]
    ),
}

each_trace = pytest.mark.parametrize("trace", [make() for make in TRACES.values()], ids=TRACES)


def verdicts_of(trace: Trace) -> tuple[Verdict, ...]:
    """Return what the scenario says of a trace."""
    return judge(trace)


@each_trace
@pytest.mark.parametrize("to", [name for name in EXPORTS if name != "python"])
def test_every_export_is_the_same_every_time_and_shows_as_it_is(to: str, trace: Trace) -> None:
    text = EXPORTS[to].write(trace, verdicts_of(trace))
    assert text == EXPORTS[to].write(trace, verdicts_of(trace))
    assert text.endswith("\n")
    assert all(c.isprintable() or c == "\n" for c in text)


def test_every_export_has_a_suffix_of_its_own() -> None:
    suffixes = {export.suffix for export in EXPORTS.values()}
    assert len(suffixes) == len(EXPORTS)
    assert all("." in suffix for suffix in suffixes)


# ---- ShiViz --------------------------------------------------------------------------------------


@each_trace
def test_shiviz_clocks_are_those_of_a_message_passing_run(trace: Trace) -> None:
    """As ShiViz demands: own entries count from 1 by 1, and each other entry was reached before."""
    first, second, body = EXPORTS["shiviz"].write(trace, ()).split("\n", 2)
    assert second == ""
    pattern = re.compile(first.replace("(?<", "(?P<"))
    lines = body.splitlines()
    pairs = zip(lines[::2], lines[1::2], strict=True)
    found = [pattern.fullmatch(f"{text}\n{clock}") for text, clock in pairs]
    own = [event for event in trace.events if event.node is not None]
    assert len(found) == len(own)
    count: dict[str, int] = {}
    arrivals = 0
    for match, event in zip(found, own, strict=True):
        assert match is not None
        clock = json.loads(match["clock"])
        host = match["host"]
        count[host] = count.get(host, 0) + 1
        assert clock[host] == count[host]
        assert all(entry <= count.get(other, 0) for other, entry in clock.items())
        arrivals += event.kind == "deliver"
        fate = event.kind == "send" and any(
            f.kind == "lose" for f in TraceExplanation(trace).letters[event.message or 0].fates
        )
        assert ("lose at step" in match["event"]) == fate
    assert arrivals == sum(event.kind == "deliver" for event in trace.events)


# ---- Apalache ------------------------------------------------------------------------------------


@each_trace
def test_itf_states_are_the_worlds_and_each_variable_has_one_type(trace: Trace) -> None:
    document = json.loads(EXPORTS["itf"].write(trace, ()))
    assert len(document["states"]) == len(trace.worlds)
    assert document["vars"] == list(document["#meta"]["varTypes"])
    for index, state in enumerate(document["states"]):
        assert state["#meta"]["index"] == index
        assert set(state) == {"#meta", *document["vars"]}
        for name, kind in document["#meta"]["varTypes"].items():
            if "->" in kind:
                values = [pair[1] for pair in state[name]["#map"]]
                assert all(type_of(value) == kind.split("-> ")[1] for value in values)


def type_of(value: object) -> str:
    """Return Apalache's type of an expression, refusing plain numbers."""
    if isinstance(value, dict):
        assert re.fullmatch(r"-?\d+", value["#bigint"])
        return "Int"
    return {bool: "Bool", str: "Str"}[type(value)]


def test_itf_is_read_by_itf_py() -> None:
    itf = pytest.importorskip("itf_py", reason="itf-py is not installed")
    trace = abd_faults()
    parsed = itf.trace_from_json(json.loads(EXPORTS["itf"].write(trace, ())))
    assert len(parsed.states) == len(trace.worlds)
    last = parsed.states[-1].values
    assert last["down"] == frozenset(trace.final.conditions.down)
    assert dict(last["value"])["r1"] == trace.final.node_state("r1").state.value  # type: ignore[attr-defined]


# ---- Jepsen --------------------------------------------------------------------------------------


@each_trace
def test_edn_is_read_by_edn_format(trace: Trace) -> None:
    edn = pytest.importorskip("edn_format", reason="edn_format is not installed")
    text = EXPORTS["edn"].write(trace, ())
    key = edn.Keyword
    forms = [edn.loads(line) for line in text.splitlines() if line]
    assert [form[key("index")] for form in forms] == list(range(len(forms)))
    calls = [form for form in forms if form[key("process")] != key("nemesis")]
    assert_jepsen_rules(calls, key)
    answered = [form for form in calls if form[key("type")] == key("ok")]
    assert len(answered) == sum(s.return_step is not None for s in TraceExplanation(trace).spans)


def assert_jepsen_rules(calls: list[Any], key: Callable[[str], Any]) -> None:
    """Every call ends once, and a process whose call ended as :info calls no more."""
    state: dict[int, str] = {}
    for form in calls:
        process, kind = form[key("process")], form[key("type")].name
        before = state.get(process, "free")
        assert before == ("free" if kind == "invoke" else "busy"), form
        state[process] = {"invoke": "busy", "ok": "free", "info": "gone"}[kind]
    assert "busy" not in state.values()


@each_trace
def test_edn_is_read_by_our_reader_of_jepsen_histories(trace: Trace) -> None:
    text = EXPORTS["edn"].write(trace, ())
    if not text.strip():
        return
    (case,) = read_jepsen_edn(text, source="exported")
    spans = TraceExplanation(trace).spans
    assert isinstance(case.history, tuple)
    assert len(case.history) == len(spans)
    assert [op.is_open for op in case.history] == [s.return_step is None for s in spans]


@each_trace
def test_edn_lines_are_balanced_and_every_call_ends(trace: Trace) -> None:
    text = EXPORTS["edn"].write(trace, ())
    ends = 0
    for line in text.splitlines():
        bare = re.sub(r'"(\\.|[^"\\])*"', '""', line)
        assert bare.count("{") == bare.count("}")
        assert bare.count("[") == bare.count("]")
        ends += ":type :ok" in bare or (":type :info" in bare and ":nemesis" not in bare)
    assert ends == len(TraceExplanation(trace).spans)


# ---- Mermaid -------------------------------------------------------------------------------------

MERMAID_LINE = re.compile(
    r"sequenceDiagram|    (accTitle|accDescr): .+|    participant n\d+ as .+"
    r"|    n\d+-[)x]n\d+: .+|    Note over n\d+(,n\d+)?: .+"
)


@each_trace
def test_every_line_of_mermaid_is_a_statement_without_loose_marks(trace: Trace) -> None:
    text = EXPORTS["mermaid"].write(trace, verdicts_of(trace))
    for line in text.splitlines():
        assert MERMAID_LINE.fullmatch(line), line
        said = re.sub(r"#\w+;", "", line)
        assert not re.search(r"[;#<>]|\bend\b", said.partition(": ")[2]), line
    arrows = re.findall(r"n\d+-[)x]n\d+:", text)
    kinds = [event.kind for event in trace.events]
    assert len(arrows) == kinds.count("deliver") + kinds.count("lose")


def test_a_long_mermaid_diagram_is_cut_and_says_so() -> None:
    text = EXPORTS["mermaid"].write(played(4, 400), ())
    assert text.count("-)") == 149
    assert "250 more steps are not drawn" in text


# ---- Graphviz ------------------------------------------------------------------------------------


@each_trace
def test_dot_has_a_node_for_each_event_and_an_edge_for_each_cause(trace: Trace) -> None:
    text = EXPORTS["dot"].write(trace, verdicts_of(trace))
    assert text.count(" [label=") == len(trace.events)
    edges = {(int(a), int(b)) for a, b in re.findall(r"e(\d+) -> e(\d+)", text)}
    causes = {(cause, event.id) for event in trace.events for cause in event.causes}
    assert causes <= edges
    assert all('"' not in re.sub(r'"(\\.|[^"\\])*"', "", line) for line in text.splitlines())


@each_trace
def test_dot_is_read_by_graphviz(trace: Trace) -> None:
    if shutil.which("dot") is None:
        pytest.skip("Graphviz is not installed")
    text = EXPORTS["dot"].write(trace, verdicts_of(trace))
    done = subprocess.run(
        ["dot", "-Tplain"], input=text, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert sum(line.startswith("node ") for line in done.stdout.splitlines()) == len(trace.events)


def test_a_long_run_is_drawn_in_part() -> None:
    trace = played(4, 400)
    assert EXPORTS["dot"].write(trace, ()).count(" [label=") <= EVENTS_MAX


# ---- Perfetto ------------------------------------------------------------------------------------


@each_trace
def test_perfetto_events_have_times_of_their_own_and_flows_have_two_ends(trace: Trace) -> None:
    document = json.loads(EXPORTS["perfetto"].write(trace, verdicts_of(trace)))
    events = document["traceEvents"]
    slices = [e for e in events if e["ph"] == "X"]
    assert len({e["ts"] for e in slices}) == len(slices) == len(trace.events)
    starts = {e["id"]: e["ts"] for e in events if e["ph"] == "s"}
    ends = [(e["id"], e["ts"]) for e in events if e["ph"] == "f"]
    assert set(starts) == {identity for identity, _ in ends}
    assert all(starts[identity] < ts for identity, ts in ends)
    lanes = {e["pid"] for e in events if e["ph"] == "M"}
    assert {e["pid"] for e in events} == lanes


# ---- Python --------------------------------------------------------------------------------------


def run_test(source: str) -> None:
    """Run the test that an export is."""
    names: dict[str, Any] = {}
    exec(compile(source, "exported", "exec", dont_inherit=True), names)
    test = next(value for name, value in names.items() if name.startswith("test_"))
    test()


@pytest.mark.parametrize(
    ("trace", "wrong", "right"),
    [
        (abd_failure(), "abd(writes_back=False)", "abd()"),
        (
            gossip_failure(),
            "gossip()",
            "gossip().replace(limits={}, name='without duplicates')",
        ),
    ],
)
def test_the_exported_test_fails_until_the_bug_is_gone(
    trace: Trace, wrong: str, right: str
) -> None:
    name = wrong.partition("(")[0]
    setup = f"from tests.support.{name} import {name}"
    with pytest.raises(AssertionError):
        run_test(to_python(trace, verdicts_of(trace), scenario=(setup, wrong)))
    run_test(to_python(trace, verdicts_of(trace), scenario=(setup, right)))


def test_a_scenario_that_nobody_can_build_again_is_refused() -> None:
    with pytest.raises(CannotExport, match="has no origin"):
        to_python(abd_failure(), (abd_verdict(),))


@pytest.mark.slow
def test_a_scenario_of_the_catalog_builds_itself(tmp_path: Path) -> None:
    from counterpoint.harness.catalog import rebuild

    scenario = rebuild({"system": "register", "scenario": "default", "mutant": "B1"})
    trace = failing_trace(scenario)
    source = to_python(trace, verdicts_of(trace))
    assert "rebuild({" in source
    (tmp_path / "exported.py").write_text(source)
    with pytest.raises(AssertionError):
        run_test(source)
