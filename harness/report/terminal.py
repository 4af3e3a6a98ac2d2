"""The terminal report of a trace: what broke, why that cannot be right, what had to happen, where.

At most 45 lines unless asked for more. Every number of a step, message or operation is the one that
the viewer, the exports and the trace file use.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from counterpoint.harness.analysis.analyses import Analyses, Need
from counterpoint.harness.explanation.explanation import TraceExplanation
from counterpoint.harness.explanation.plain import count_of, fit, plain, to_ascii, width_of, wrapped
from counterpoint.harness.explanation.sentences import (
    SentencePart,
    parts,
    sentence,
    shortened,
    word,
)
from counterpoint.harness.report.causal_slice import basis
from counterpoint.harness.report.findings import BELOW, findings
from counterpoint.harness.report.kept_steps import kept_steps, ranges, with_folds
from counterpoint.harness.report.lanes import Lanes, draw, headings, lay_out
from counterpoint.harness.report.operation_chart import strip
from counterpoint.model.actions import is_wrong
from counterpoint.model.inert import plain_lines
from counterpoint.model.trace import Trace
from counterpoint.model.verdict import Outcome, Verdict

LINES_MAX = 45
RESERVED = 2
"""Lines that rows which have to be folded anyway leave to what stands below them."""

WRAPPED_MAX = 3
"""On how many lines one of them may go on, where there is room."""

LINE_MAX = 2_000
"""Only the command to replay may be longer than a line is wide, and it not without end."""

WIDTH_MIN, WIDTH = 40, 100
"""The columns of a page: the fewest in which lanes and sentences have a place, and the usual ones."""
BECAUSE_MAX = 5
"""How many reasons are shown; further ones are counted."""


def report(
    trace: Trace,
    verdicts: Sequence[Verdict],
    *,
    width: int | None = None,
    ascii: bool = False,
    colour: bool = False,
    verbosity: int = 0,
    shrunk: tuple[int, int] | None = None,
    replay_command: str | None = None,
    analyses: Analyses | None = None,
) -> str:
    """Return the report as text, without a newline at its end.

    `width` is 40 columns at least, 100 if none is given; `verbosity` -1 gives two lines, 0 at most
    45, 1 all rows, 2 the changed states as well; `shrunk` the number of choices before and after
    minimising.
    """
    columns = max(WIDTH_MIN, width or WIDTH)
    page = _Page(TraceExplanation(trace), tuple(verdicts), columns, verbosity, analyses)
    lines = page.lines(shrunk, replay_command)
    if ascii:
        lines = [to_ascii(line) for line in lines]
    if verbosity >= 0:  # a command that is cut off is of no use to anybody
        fitted = len(lines) - (replay_command is not None)
        lines = [*(fit(line, columns) for line in lines[:fitted]), *lines[fitted:]]
    text = plain_lines("\n".join(line.rstrip() for line in lines), LINE_MAX)
    return _coloured(text, columns) if colour else text


def broken_first(verdicts: Sequence[Verdict]) -> Verdict | None:
    """Return the first broken verdict, or else the first undecided one, or else any."""
    order = (Outcome.BROKEN, Outcome.UNDECIDED, Outcome.HOLDS)
    return min(verdicts, key=lambda verdict: order.index(verdict.outcome), default=None)


@dataclass(frozen=True)
class _Page:
    story: TraceExplanation
    verdicts: tuple[Verdict, ...]
    width: int
    verbosity: int
    analyses: Analyses | None

    def lines(self, shrunk: tuple[int, int] | None, replay_command: str | None) -> list[str]:
        headline = self._headline()
        replay = [f" replay         {plain(replay_command)}"] if replay_command else []
        if self.verbosity < 0:
            return [*headline[:1], *(line.strip() for line in replay or [self._context(shrunk)])]
        rule = "─" * self.width
        top = [*headline, f"   {self._context(shrunk)}", *self._why(), ""]
        top += strip(
            self.story,
            self.width,
            self._verdict.culprits if self._is_broken else (),
            self.analyses.chances[1:] if self.analyses else None,
        )
        findings, rest = self._findings(), self._rest()
        room = LINES_MAX - len(top) - 2 - len(findings) - len(rest) - len(replay)
        rows = self._rows(room)
        # What the rows leave over is for the long lines below them.
        spare = room - len(rows) if self.verbosity == 0 else LINES_MAX
        below = _spread([*findings, *rest], self.width, spare)
        return [*top, rule, *rows, rule, *below, *replay]

    @property
    def _verdict(self) -> Verdict:
        return broken_first(self.verdicts) or Verdict("no property", Outcome.UNDECIDED, 0)

    @property
    def _is_broken(self) -> bool:
        return self._verdict.is_broken

    @property
    def _needs(self) -> tuple[Need, ...]:
        return self.analyses.needs if self.analyses else ()

    @property
    def _decisive(self) -> str:
        culprits = self._verdict.culprits
        return culprits[-1] if culprits and self._is_broken else ""

    # What broke, and why that cannot be right.

    def _headline(self) -> list[str]:
        verdict = self._verdict
        mark = {Outcome.BROKEN: "✗", Outcome.HOLDS: "✓", Outcome.UNDECIDED: "?"}[verdict.outcome]
        said = (
            verdict.summary
            or {
                Outcome.HOLDS: f"holds; {verdict.examined} examined",
                Outcome.UNDECIDED: "undecided",
                Outcome.BROKEN: "broken",
            }[verdict.outcome]
        )
        text = f" {mark} {plain(verdict.property)}: {plain(said)}"
        return wrapped(text, self.width, "   ")[:4]

    def _context(self, shrunk: tuple[int, int] | None) -> str:
        trace, story = self.story.trace, self.story
        faults = sum(map(is_wrong, trace.choices))
        facts = [
            SentencePart(_origin(trace), 100),
            SentencePart(count_of(len(trace.choices), "step"), 90),
            SentencePart(count_of(len(trace.events), "event"), 10),
            SentencePart(count_of(faults, "fault"), 35),
        ]
        if shrunk is not None:
            facts.append(SentencePart(f"shrunk {shrunk[0]}→{shrunk[1]} choices", 20))
        span = next((s for s in story.spans if s.id == self._decisive), None)
        if span is not None:
            facts.append(SentencePart(f"{span.id} = {plain(span.text, 40)} of {span.client}", 50))
        return shortened(tuple(facts), self.width - 3)

    def _why(self) -> list[str]:
        verdict = self._verdict
        reasons = list(verdict.because[:BECAUSE_MAX])
        if len(verdict.because) > BECAUSE_MAX:
            reasons.append(f"… {len(verdict.because) - BECAUSE_MAX} more reasons")
        lines = [line for r in reasons for line in wrapped(f"   {plain(r)}", self.width, "     ")]
        for other in self.verdicts:
            if other.is_broken and other is not verdict:
                lines.append(fit(f"   also {other.property}: {plain(other.summary)}", self.width))
        return ["", *lines[:12]] if lines else []

    # Where.

    def _rows(self, room: int) -> list[str]:
        story = self.story
        if not story.trace.choices:
            return [f"   {plain(story.trace.failure or 'nothing was chosen')}"]
        marks = {need.step: need.mark for need in self._needs}
        resting = basis(story, self._verdict) if self._is_broken else frozenset()
        lanes = lay_out(story, _involved(story, resting), self.width)
        heads = headings(lanes, _resting(resting), self.width, self._roles())
        kept = self._kept(room - len(heads), resting)
        if len(kept) < len(story.trace.choices):
            kept = self._kept(room - len(heads) - RESERVED, resting)
        lines = list(heads)
        for step, folded in with_folds(kept, len(story.trace.choices)):
            if folded:
                lines.append(self._fold(step, folded, lanes))
            else:
                lines.append(self._row(step, lanes, marks.get(step, " ")))
                lines += self._states(step) if self.verbosity >= 2 else []
        return lines

    def _roles(self) -> dict[str, str]:
        worlds = self.story.trace.worlds
        roles = worlds[0].conditions.roles if worlds else ()
        return dict(zip(self.story.nodes, roles, strict=False))

    def _row(self, step: int, lanes: Lanes, mark: str) -> str:
        row = draw(self.story, lanes, step)
        said = parts(self.story, step, labelled=not row.is_labelled, decisive=self._decisive)
        room = self.width - lanes.sentences_at
        cells = f"{step:>4} {mark}".ljust(7) + row.cells[7:]
        text = sentence(self.story, step) if self.verbosity >= 2 else ""
        text = text if 0 < width_of(text) <= room else shortened(said, room)
        return f"{cells.ljust(lanes.sentences_at)}{text}"

    def _states(self, step: int) -> Iterator[str]:
        indent = " " * 11
        for change in self.story.changes(step):
            text = f"{indent}{change.node}.{plain(change.text, 200)}"
            yield from wrapped(text, self.width, f"{indent}  ")

    def _fold(self, first: int, count: int, lanes: Lanes) -> str:
        kinds: dict[str, int] = {}
        for step in range(first, first + count):
            kind = self.story.trace.choices[step].kind
            kinds[kind] = kinds.get(kind, 0) + 1
        what = ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items(), key=lambda i: -i[1]))
        cells = [" "] * lanes.width
        for column in lanes.column.values():
            cells[column] = "⋮"
        text = fit(f"… {count_of(count, 'step')} folded: {what}", self.width - lanes.sentences_at)
        return f"   ⋮{''.join(cells)[4:].ljust(lanes.sentences_at - 4)}{text}"

    def _kept(self, room: int, resting: frozenset[int]) -> list[int]:
        if self.verbosity >= 1:
            return list(range(len(self.story.trace.choices)))
        needed = [need.step for need in self._needs if need.mark == "◆"]
        return kept_steps(self.story, self._verdict, needed, resting, room)

    # What had to happen, and how it ended.

    def _findings(self) -> list[str]:
        found = self.analyses
        return [] if found is None else findings(self.story, found, self.width)

    def _rest(self) -> list[str]:
        story = self.story
        lines: list[str] = []
        flying = [
            f"{m.name} {word(m.body)} {m.src} → {m.dst}"
            for m in story.letters.values()
            if m.in_flight
        ]
        if flying:
            shown = " · ".join(flying[:3])
            more = f" · {len(flying) - 3} more" if len(flying) > 3 else ""
            lines.append(f" in flight      {shown}{more}")
        if story.trace.worlds and self._is_broken:
            lines.append(f" at the end     {_states_at_end(story)}")
        return lines


def _origin(trace: Trace) -> str:
    origin = trace.scenario.origin
    mutant = f" --mutant {origin['mutant']}" if "mutant" in origin else ""
    return plain(f"{origin.get('system', trace.scenario.name)}{mutant}", 40)


def _resting(steps: frozenset[int]) -> str:
    if not steps:
        return ""
    return f"it rests on steps {ranges(sorted(steps))}"


def _spread(lines: Sequence[str], width: int, spare: int) -> list[str]:
    """Return the lines, long ones on two or three lines as long as there are spare ones.

    The last come first: how it ended says more than how likely that was.
    """
    found: list[str] = []
    for line in reversed(lines):
        whole = wrapped(line, width, " " * BELOW)
        more = min(len(whole) - 1, spare, WRAPPED_MAX - 1)
        spare -= more
        rest = " ".join(part.strip() for part in whole[more:])
        last = rest if more == 0 else f"{'':{BELOW}}{rest}"
        found = [*whole[:more], fit(line if more == 0 else last, width), *found]
    return found


def _involved(story: TraceExplanation, steps: frozenset[int]) -> frozenset[str]:
    ends = {end for k in steps for e in story.steps[k] for end in (e.node, e.src, e.dst) if end}
    struck = {c.at for c in story.trace.choices if c.is_fault and c.at is not None}
    return frozenset(ends | struck | set(story.clients))


def _states_at_end(story: TraceExplanation) -> str:
    final = story.trace.final
    return " · ".join(f"{node} {word(final.node_state(node).state)}" for node in story.servers)


def _coloured(text: str, width: int) -> str:
    """Return the text with colours that repeat what the words and marks say."""
    shown = Text(text)
    first = text.split("\n", 1)[0]
    shown.stylize("bold", 0, len(first))
    for pattern, style in (
        (r"✗|(?<=\n)\s+x ", "bold red"),
        (r"[◆◇░╎‖²]", "yellow"),
        (r"o\d+ returns [^·\n]*", "bold"),
        (r"✓", "green"),
        (r"@\d+|(?<=\n)\s{0,3}\d+ (?=[ ◆◇])", "cyan"),
        (r"[┊⋮]|late, ignored|ignored|… \d+ steps? folded[^\n]*", "dim"),
    ):
        shown.highlight_regex(pattern, style)
    target = io.StringIO()
    console = Console(file=target, force_terminal=True, color_system="standard", width=width + 1)
    console.print(shown, end="", soft_wrap=True)
    return target.getvalue()
