"""The terminal report: snapshots, and what every report promises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from counterpoint.checkers.links import at
from counterpoint.harness.explanation.plain import width_of
from counterpoint.harness.report.terminal import LINES_MAX, report
from counterpoint.model.actions import Call, Deliver
from counterpoint.model.search.replay import enabled, judge, record
from counterpoint.model.search.walks.finding import Counterexample, Finding
from counterpoint.model.trace import Trace
from counterpoint.model.verdict import Edge, Verdict, broken, holds, said, undecided
from tests.support.abd import abd
from tests.support.golden import assert_golden
from tests.support.gossip import gossip
from tests.support.runs import abd_as_found, abd_failure, abd_faults, gossip_failure, random_trace

GOLDEN = Path(__file__).parent / "golden"


def played(size: int, steps: int, rounds: int = 100_000) -> Trace:
    """Return a run of the ring without faults, oldest message first."""
    recorder = record(gossip(size, rounds=rounds))
    while len(recorder.choices) < steps:
        options = enabled(recorder.world)
        recorder.take(next(a for a in options if isinstance(a, Deliver | Call)))
    return recorder.trace()


def abd_verdict() -> Verdict:
    """What a checker of atomic registers would say of the failure."""
    return broken(
        "atomic",
        "c2 read 0 after it had already read 1.",
        examined=3,
        because=(
            said("o1 returned 1", at(6), "; only o2 = write(1) wrote it, so o2 < o1"),
            said("o1 returned", at(6), " before o3 was called", at(7), ", so o1 < o3"),
            said("o3 returned the initial 0", at(11), ", so o3 < o2: a contradiction"),
        ),
        edges=(Edge("o2", "o1", "reads-from", said("o1 returned 1")),),
        culprits=("o2", "o1", "o3"),
    )


TRACES: dict[str, Callable[[], tuple[Trace, tuple[Verdict, ...]]]] = {
    "abd": lambda: (abd_failure(), (abd_verdict(),)),
    "abd-as-found": lambda: judged(abd_as_found()),
    "abd-faults": lambda: judged(abd_faults()),
    "gossip": lambda: judged(gossip_failure()),
    "gossip-9": lambda: judged(played(9, 20)),
    "gossip-20": lambda: judged(played(20, 30)),
    "gossip-long": lambda: judged(played(4, 400)),
}


def judged(trace: Trace) -> tuple[Trace, tuple[Verdict, ...]]:
    """Return a trace with its verdicts."""
    return trace, judge(trace)


@pytest.mark.parametrize("name", TRACES)
def test_the_report_is_the_approved_one(name: str) -> None:
    trace, verdicts = TRACES[name]()
    command = f"counterpoint replay {name}.trace.jsonl"
    text = report(trace, verdicts, shrunk=(212, 12), replay_command=command)
    assert_golden(GOLDEN / f"{name}.txt", text)


@pytest.mark.parametrize("verbosity", [-1, 1, 2])
def test_every_verbosity_is_the_approved_one(verbosity: int) -> None:
    text = report(abd_failure(), (abd_verdict(),), verbosity=verbosity, replay_command="replay it")
    assert_golden(GOLDEN / f"abd-v{verbosity}.txt", text)


def test_ascii_is_the_approved_one() -> None:
    text = report(abd_failure(), (abd_verdict(),), ascii=True, width=80)
    assert text.isascii()
    assert_golden(GOLDEN / "abd-ascii.txt", text)


@pytest.mark.parametrize("width", [40, 80, 100, 160])
@pytest.mark.parametrize("name", TRACES)
def test_a_report_fits_its_page(name: str, width: int) -> None:
    trace, verdicts = TRACES[name]()
    lines = report(trace, verdicts, width=width, replay_command="replay it").splitlines()
    assert len(lines) <= LINES_MAX
    assert max(map(width_of, lines)) <= width


@pytest.mark.parametrize("seed", range(20))
def test_reports_of_any_run_fit(seed: int) -> None:
    trace = random_trace(gossip(5, 2) if seed % 2 else abd(), seed)
    for ascii_only in (False, True):
        lines = report(trace, judge(trace), width=80, ascii=ascii_only).splitlines()
        assert len(lines) <= LINES_MAX
        assert max(map(width_of, lines)) <= 80


def test_the_first_line_says_who_what_and_why() -> None:
    first = report(abd_failure(), (abd_verdict(),)).splitlines()[0]
    assert first == " ✗ atomic: c2 read 0 after it had already read 1."


def test_that_a_fault_ends_is_no_fault() -> None:
    kinds = [choice.kind for choice in abd_faults().choices if choice.is_fault]
    assert kinds == ["crash", "delay", "release", "settle"]
    assert " · 3 faults" in report(abd_faults(), ()), "a node that is silent for good is one"
    verdict, found = abd_verdict(), Finding(0, "atomic", abd_faults().choices, abd())
    assert Counterexample(abd_faults(), verdict, (verdict,), found, True, 0).faults == 3


def test_every_step_has_a_row_when_all_fit() -> None:
    trace = abd_failure()
    lines = report(trace, (abd_verdict(),)).splitlines()
    numbers = [line[:6].strip() for line in lines]
    assert all(str(step) in numbers for step in range(len(trace.choices)))


def test_a_long_run_shows_the_culprits_and_counts_the_rest() -> None:
    trace, verdicts = TRACES["gossip-long"]()
    text = report(trace, verdicts)
    assert "n2 ← rumour(hello, 5)" in text
    assert "393 steps folded: 393 deliver" in text
    everything = report(trace, verdicts, verbosity=1)
    assert "folded" not in everything
    assert len(everything.splitlines()) > 400


def test_colour_changes_no_word() -> None:
    plain_text = report(abd_failure(), (abd_verdict(),))
    coloured = report(abd_failure(), (abd_verdict(),), colour=True)
    assert "\x1b[" in coloured
    assert strip_codes(coloured) == plain_text


def strip_codes(text: str) -> str:
    """Return a text without the codes of colours."""
    parts = text.split("\x1b[")
    return parts[0] + "".join(part.split("m", 1)[1] for part in parts[1:])


def test_what_a_hostile_value_says_stays_inert_and_short() -> None:
    verdict = broken("p\x1b[2J", "c2 read \x1b]0;owned\x07 \u202e" + "A" * 10_000_000, examined=1)
    text = report(abd_failure(), (replace(verdict, reasons=(said("\n" * 50 + "x\r"),) * 40),))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\r" not in text
    assert len(text.splitlines()) <= LINES_MAX


def test_a_run_that_holds_and_one_that_is_undecided_say_so() -> None:
    trace = abd_failure()
    assert report(trace, (holds("atomic", examined=3),)).startswith(" ✓ atomic: holds; 3 examined")
    assert report(trace, (undecided("atomic", "no reads"),)).startswith(" ? atomic: no reads")


def test_a_second_broken_property_is_named() -> None:
    text = report(abd_failure(), (abd_verdict(), broken("other", "also wrong", examined=1)))
    assert "also other: also wrong" in text
