"""The reports of wrong variants of the catalog, as their users meet them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from counterpoint.harness.analysis.analyses import analyse
from counterpoint.harness.catalog import build
from counterpoint.harness.explanation.plain import width_of
from counterpoint.harness.report.terminal import LINES_MAX, broken_first, report
from counterpoint.model.search.replay import judge, run
from counterpoint.model.trace import Trace
from counterpoint.model.verdict import Verdict
from tests.support.golden import assert_golden
from tests.support.lamport_failures import LAMPORT_D1, LAMPORT_D5
from tests.support.register_failures import REGISTER_B1, REGISTER_B6
from tests.support.token_failures import TOKENS_A3

GOLDEN = Path(__file__).parent / "golden"

RUNS = {
    "register-B1": REGISTER_B1,
    "register-B6": REGISTER_B6,
    "causal_lamport-D1": LAMPORT_D1,
    "causal_lamport-D5": LAMPORT_D5,
    "token_manager-A3": TOKENS_A3,
}

FIRST = {
    "register-B1": ("c3", "read", "nothing"),
    "register-B6": ("c2", "read", "v1(0, 2, 4)"),
    "causal_lamport-D1": ("s3", "found", "glad"),
    "causal_lamport-D5": ("carol", "write(x, carol)", "never returned"),
    "token_manager-A3": ("o3", "incomparable snapshots", "c4 saw pay 1 5"),
}
"""What the first sentence of each must name: a node, an operation or a key, what is wrong."""


@cache
def broken_run(name: str) -> tuple[Trace, tuple[Verdict, ...], Verdict]:
    """Return a failing run of a mutant with its verdicts, and the one that the report is about."""
    system, _, mutant = name.partition("-")
    trace = run(build(system, mutant=mutant), RUNS[name])
    verdicts = judge(trace)
    verdict = broken_first(verdicts)
    assert verdict is not None
    assert verdict.is_broken, name
    return trace, verdicts, verdict


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_the_report_is_the_approved_one(name: str) -> None:
    trace, verdicts, verdict = broken_run(name)
    found = analyse(trace, verdict, seconds=1_000, samples_max=8)
    text = report(
        trace, verdicts, replay_command=f"counterpoint replay {name}.jsonl", analyses=found
    )
    assert len(text.splitlines()) <= LINES_MAX
    assert_golden(GOLDEN / f"{name}.txt", text)


@pytest.mark.parametrize("name", RUNS)
def test_the_first_sentence_names_who_did_what_and_what_is_wrong(name: str) -> None:
    trace, verdicts, verdict = broken_run(name)
    first, *rest = report(trace, verdicts).splitlines()
    sentence = f"{first} {rest[0]}" if len(first) > 80 else first
    assert all(word in sentence for word in FIRST[name])
    assert f" {FIRST[name][0]}" in first or f" {FIRST[name][0]}'s" in first
    assert verdict.property in first


@pytest.mark.parametrize("width", [40, 80, 100, 160])
@pytest.mark.parametrize("name", RUNS)
def test_it_fits_every_page(name: str, width: int) -> None:
    trace, verdicts, _ = broken_run(name)
    for ascii_only in (False, True):
        lines = report(trace, verdicts, width=width, ascii=ascii_only).splitlines()
        assert len(lines) <= LINES_MAX
        assert max(map(width_of, lines)) <= width


@pytest.mark.parametrize("name", RUNS)
def test_every_step_that_is_shown_has_its_mark_in_the_lane_of_its_node(name: str) -> None:
    """Whatever is left out of a sentence, rows and lanes stay right."""
    trace, verdicts, _ = broken_run(name)
    lines = report(trace, verdicts).splitlines()
    start = next(k for k, line in enumerate(lines) if line.startswith("step") and "rests" in line)
    headings = [line for line in lines[start : start + 2] if not line[:4].strip().isdigit()]
    columns = {
        node: heading.index(node)
        for node in trace.scenario.system.nodes
        for heading in headings
        if f" {node} " in f" {heading} "
    }
    assert set(columns) == set(trace.scenario.system.nodes)
    rows = {int(line[:4]): line for line in lines[start:] if line[:4].strip().isdigit()}
    assert len(rows) >= 10
    for step, row in rows.items():
        event = trace.events_of_step(step)[0]
        if event.kind in ("invoke", "deliver"):
            node = event.node
            assert node is not None
            assert row[columns[node]] in "●┊", row
