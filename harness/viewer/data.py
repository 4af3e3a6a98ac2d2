"""The viewer's data: one trace as plain JSON, compact, with every sentence already made.

The sentences are those of the terminal report, so that both say the same. Numbers of steps, messages
and operations are those of the trace. Text from a trace is bounded and shows as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from counterpoint.harness.analysis.analyses import Analyses
from counterpoint.harness.analysis.variants import deviation
from counterpoint.harness.embedding import named
from counterpoint.harness.explanation.explanation import CallSpan, TraceExplanation, more_copies
from counterpoint.harness.explanation.plain import plain
from counterpoint.harness.explanation.sentences import SentencePart, cut_off, is_late, parts
from counterpoint.harness.explanation.state_parts import flat
from counterpoint.harness.explanation.trail import holds_value
from counterpoint.harness.report.causal_slice import basis, culprit_events, fault_steps, named_steps
from counterpoint.harness.report.terminal import broken_first
from counterpoint.model.event import Event
from counterpoint.model.fault_state import FaultState, Partition
from counterpoint.model.reaction import NodeState
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, Value, show
from counterpoint.model.verdict import Outcome, Verdict

Data = dict[str, object]

MANNERS = {"": " ", "bad": "!", "fault": "~", "muted": "-", "value": "+"}
"""One character that begins each part of a sentence and says how it is drawn."""

BETWEEN_PARTS = "\x1f"
BETWEEN_STEPS = "\x1e"
VALUE_MAX = 200
COMPARED_STEPS_MAX = 3_000


@dataclass(frozen=True, slots=True)
class PageContext:
    """What a page shows besides the trace: where it comes from, and how to run it again."""

    title: str = ""
    shrunk: tuple[int, int] | None = None
    replay_command: str | None = None
    compared_to: str = ""


def view_data(
    trace: Trace,
    verdicts: Sequence[Verdict],
    analyses: Analyses | None,
    other: Trace | None,
    shown: PageContext,
) -> Data:
    """Return everything that the page shows; `other` is the run to compare with, if any."""
    story = TraceExplanation(trace)
    verdict = broken_first(verdicts) or Verdict("no property", Outcome.UNDECIDED, 0)
    nearest = analyses.nearest if analyses else None
    compared = other or (nearest.trace if nearest else None)
    if compared is not None and len(compared.choices) > COMPARED_STEPS_MAX:
        compared = None
    label = shown.compared_to or ("the nearest passing run" if nearest else "the other run")
    return {
        "format": 1,
        "title": plain(shown.title or trace.scenario.name, 120),
        "shrunk": list(shown.shrunk) if shown.shrunk else None,
        "replay": plain(shown.replay_command) if shown.replay_command else None,
        "verdict": _verdict(story, verdict),
        "also": [_brief_verdict(v) for v in verdicts if v is not verdict],
        "run": run_data(story, _decisive(verdict)),
        "found": _findings(story, analyses),
        "other": None if compared is None else {
            "label": label,
            "change": plain(nearest.change) if nearest and compared is nearest.trace else "",
            "run": run_data(TraceExplanation(compared), ""),
        },
    }  # fmt: skip


def _decisive(verdict: Verdict) -> str:
    return verdict.culprits[-1] if verdict.culprits and verdict.is_broken else ""


# ---- what was judged -----------------------------------------------------------------------------


def _verdict(story: TraceExplanation, verdict: Verdict) -> Data:
    steps = sorted(basis(story, verdict)) if verdict.is_broken else []
    return {
        **_brief_verdict(verdict),
        "because": [plain(reason) for reason in verdict.because[:12]],
        "edges": [[plain(t, 40) for t in (e.before, e.after, e.rule)] for e in verdict.edges[:12]],
        "culprits": [plain(name, 40) for name in verdict.culprits[:20]],
        "order": [plain(name, 40) for name in verdict.witness[:200]],
        "step": max(culprit_events(story, verdict)[-1].step, 0) if verdict.is_broken else None,
        "support": steps,
        "named": sorted(named_steps(verdict)),
    }  # fmt: skip


def _brief_verdict(verdict: Verdict) -> Data:
    return {
        "property": plain(verdict.property, 80),
        "outcome": verdict.outcome.value,
        "summary": plain(verdict.summary),
        "examined": verdict.examined,
    }


def _findings(story: TraceExplanation, found: Analyses | None) -> Data | None:
    if found is None:
        return None
    needs = [
        [need.step, need.mark.strip(), need.passed, need.tried, deviation(story, need.step, 200)]
        for need in found.needs
    ]
    trail = None
    if found.trail is not None:
        trail = {
            "what": plain(found.trail.what, 60),
            "holders": [list(holder) for holder in found.trail.holders],
            "never": list(found.trail.never),
            "messages": [
                letter.id
                for letter in story.letters.values()
                if holds_value(letter.body, found.trail.field, found.trail.value)
            ],
        }
    return {
        "needs": needs,
        "chances": [round(chance, 3) for chance in found.chances],
        "samples": found.samples,
        "nearest": None if found.nearest is None else {
            "change": plain(found.nearest.change),
            "steps": list(found.nearest.steps),
            "first": found.nearest.first_difference,
        },
        "trail": trail,
        "fault_free": found.fault_free,
        "unfinished": list(found.unfinished),
    }  # fmt: skip


# ---- one run -------------------------------------------------------------------------------------


def run_data(story: TraceExplanation, decisive: str) -> Data:
    """Return one run: columns by step and by message, spans, and what each step changed."""
    trace = story.trace
    index = trace.scenario.index
    steps = range(len(trace.choices))
    heads = [_head(story.steps[step]) for step in steps]
    letters = story.letters.values()
    return {
        "name": plain(trace.scenario.name, 80),
        "origin": {plain(k, 40): plain(v, 80) for k, v in named(trace.scenario.origin).items()},
        "nodes": [plain(node, 40) for node in story.nodes],
        "clients": [index[node] for node in story.clients],
        "events": len(trace.events),
        "kinds": [choice.kind for choice in trace.choices],
        "acts": [_place(index, _actor(trace, k, event)) for k, event in enumerate(heads)],
        "fates": [_exchanged(story.steps[k]) or _fate(story, event) for k, event in enumerate(heads)],
        "faults": sorted(fault_steps(story)),
        "said": BETWEEN_STEPS.join(_said(parts(story, step, decisive=decisive)) for step in steps),
        "letters": {
            "id": [letter.id for letter in letters],
            "src": [index[letter.src] for letter in letters],
            "dst": [index[letter.dst] for letter in letters],
            "sent": [letter.sent_step for letter in letters],
            "body": BETWEEN_PARTS.join(plain(show(letter.body), VALUE_MAX) for letter in letters),
        },
        "spans": [_span(index, span) for span in story.spans],
        "conditions": list(_conditions(story)),
        "roles": list(_roles(story)),
        "start": [_flat_text(first) for world in trace.worlds[:1] for first in world.node_states],
        "deltas": [_delta(story, step) for step in steps],
        "failure": plain(trace.failure) if trace.failure else None,
        "repeats": trace.repeats,
    }  # fmt: skip


def _head(events: tuple[Event, ...]) -> Event | None:
    return next((event for event in events if event.kind != "silence"), None)


def _actor(trace: Trace, step: int, event: Event | None) -> NodeId | None:
    return trace.choices[step].at if event is None else event.node


def _place(index: Mapping[NodeId, int], node: NodeId | None) -> int:
    return -1 if node is None else index[node]


FATE_CODES = {"deliver": 1, "lose": 2, "duplicate": 3, "hold": 4, "release": 5}
IGNORED, LATE, GONE = 6, 7, 8


def _exchanged(events: tuple[Event, ...]) -> list[int]:
    """Return [message, code, how many more] where there are more copies of a message, or none now."""
    for event in events:
        if event.kind == "exchange" and event.message is not None:
            more = more_copies(event)
            if more:
                return (
                    [event.message, FATE_CODES["duplicate"], more]
                    if more > 0
                    else [event.message, GONE]
                )
    return []


def _fate(story: TraceExplanation, event: Event | None) -> int | list[int]:
    """Return [message, code, copy] of a step that is about a message, else 0."""
    if event is None or event.message is None or event.kind not in FATE_CODES:
        return 0
    code = FATE_CODES[event.kind]
    if event.why == "ignored":
        code = LATE if is_late(story, event) else IGNORED
    copy = story.copy_of(event) if event.kind == "deliver" else 0
    return [event.message, code, copy] if copy else [event.message, code]


def _said(found: tuple[SentencePart, ...]) -> str:
    return BETWEEN_PARTS.join(MANNERS[part.manner] + part.text for part in found)


def _span(index: Mapping[NodeId, int], span: CallSpan) -> list[object]:
    answer = None if span.return_step is None else plain(show(span.result), VALUE_MAX)
    return [
        span.id,
        index[span.client],
        plain(show(span.operation), VALUE_MAX),
        answer,
        span.call_step,
        span.return_step,
        span.crash_step,
    ]


def _conditions(story: TraceExplanation) -> Iterator[list[object]]:
    """Yield [kind, nodes, from, to, text] for every time a node is down, silent or cut off."""
    index = story.trace.scenario.index
    open_since: dict[tuple[str, Value], int] = {}
    for step, world in enumerate(story.trace.worlds[1:]):
        present = set(_in_force(world.conditions))
        for key in [key for key in open_since if key not in present]:
            yield _condition(index, key, open_since.pop(key), step)
        for key in present:
            open_since.setdefault(key, step)
    for key, since in open_since.items():
        yield _condition(index, key, since, None)


def _in_force(conditions: FaultState) -> Iterator[tuple[str, Value]]:
    yield from (("down", node) for node in conditions.down)
    yield from (("silent", node) for node in conditions.silent)
    yield from (("cut", cut) for cut in conditions.cuts)


def _condition(
    index: Mapping[NodeId, int], key: tuple[str, Value], since: int, to: int | None
) -> list[object]:
    kind, what = key
    if isinstance(what, Partition):
        text = plain(cut_off(what), 80)
        return [kind, [index[node] for node in what.side], since, to, text, what.direction]
    return [kind, [index[str(what)]], since, to, f"{what} {kind}", ""]


def _roles(story: TraceExplanation) -> Iterator[list[object]]:
    """Yield [node, role, from] at the start (-1) and for every change of role."""
    worlds = story.trace.worlds
    for node, role in enumerate(worlds[0].conditions.roles if worlds else ()):
        yield [node, plain(role, 40), -1]
    for event in story.trace.events:
        if event.kind == "role" and event.node is not None and event.step >= 0:
            yield [story.trace.scenario.index[event.node], plain(show(event.value), 40), event.step]


# ---- states --------------------------------------------------------------------------------------


def _delta(story: TraceExplanation, step: int) -> int | list[object]:
    """Return [node, path, text, ...] for all that a step changed, null for a part that is gone."""
    if step + 1 >= len(story.trace.worlds):
        return 0
    before, after = story.trace.worlds[step], story.trace.worlds[step + 1]
    found: list[object] = []
    for node, (old, new) in enumerate(zip(before.node_states, after.node_states, strict=True)):
        if old is new:
            continue
        was, now = flat(old), flat(new)
        for path in sorted({*was, *now}):
            if path not in now:
                found += [node, path, None]
            elif path not in was or was[path] != now[path]:
                found += [node, path, plain(show(now[path]), VALUE_MAX)]
    return found or 0


def _flat_text(node_state: NodeState) -> Data:
    return {path: plain(show(value), VALUE_MAX) for path, value in flat(node_state).items()}
