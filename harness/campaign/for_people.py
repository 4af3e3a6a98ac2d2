"""A campaign for people: a page of Markdown, and one of HTML that needs nothing else."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence

from counterpoint.harness.campaign.shape import shown
from counterpoint.harness.campaign.store import KeptFailure
from counterpoint.harness.campaign.summary import CampaignSummary, TargetSummary, moment
from counterpoint.harness.explanation.plain import count_of
from counterpoint.model.inert import plain

HEADS = (
    *("target", "outcome", "runs", "calls a run", "faults", "node states", "transitions"),
    "what more time would find",
)
WIDTH, HEIGHT = 320, 80

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2em auto;max-width:70em;padding:0 1em}
table{border-collapse:collapse}td,th{padding:.3em .7em;border-bottom:1px solid #8884;text-align:left}
.broken{color:#b00020}.undecided{color:#8a6d00}code,pre{font-family:ui-monospace,monospace}
pre{background:#8882;padding:.6em;overflow:auto}svg{background:#8881}
@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}.broken{color:#ff6b81}}
"""


def to_markdown(summary: CampaignSummary) -> str:
    """Return the page in Markdown."""
    lines = [f"# Campaign: {summary.outcome}", "", f"Seed {summary.seed}.", ""]
    lines += [_row(HEADS), _row(["---"] * len(HEADS))]
    lines += [_row([_inline(cell) for cell in _cells(target)]) for target in summary.targets]
    lines += ["", f"## Failures: {len(summary.failures)}", ""]
    for failure in summary.failures:
        lines += _failure_lines(summary, failure)
    lines += [f"- {_inline(note)}" for note in _notes(summary)]
    return "\n".join(lines) + "\n"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(target: TargetSummary) -> list[str]:
    done = target.done
    return [
        *(done.target, target.outcome, f"{done.runs:,}"),
        f"{done.calls / max(done.runs, 1):.1f} (floor {target.floor:g})",
        *(f"{done.faults:,}", f"{target.node_states:,}", f"{target.transitions:,}"),
        outlook(target),
    ]


def outlook(target: TargetSummary) -> str:
    """Return what more time would find, as far as that can be said."""
    parts = []
    if (growth := target.growth) is not None:
        parts.append(
            f"as many runs again: about {growth.more:,} more node states "
            f"({growth.in_second_half:,} came in the second half)"
            if growth.in_second_half
            else "no new node state in the second half of the runs"
        )
    if not target.failures and target.done.runs:
        share = target.failing_share_max
        parts.append(f"of runs like these at most one in {1 / share:,.0f} fails (95 %)")
    return "; ".join(parts) or "too little was done to say"


def _failure_lines(summary: CampaignSummary, failure: KeptFailure) -> Iterator[str]:
    yield f"### {_inline(failure.target)}: {_inline(failure.property_name)}"
    yield ""
    yield f"{_inline(failure.summary)}"
    yield ""
    for text in _facts(failure):
        yield f"- {_inline(text)}"
    yield ""
    yield "```sh"
    yield plain(summary.replay_command(failure)).replace("```", "'''")
    yield "```"
    yield ""


def _facts(failure: KeptFailure) -> Iterator[str]:
    times = "once" if failure.count == 1 else f"{failure.count} times"
    faults = count_of(failure.faults, "fault")
    yield f"{failure.steps} steps, minimised from {failure.steps_found}; {faults}"
    yield f"found {times}, first on {moment(failure.first_seen)}; reproduced in a fresh process"
    if failure.now:
        yield f"its run in the code of the last start: {failure.now}"
    yield f"shape: {shown(failure.shape)}"


def _notes(summary: CampaignSummary) -> Iterator[str]:
    for target in summary.targets:
        for note in target.notes:
            yield f"{target.done.target}: {note}"


def _inline(text: str) -> str:
    safe = html.escape(plain(text), quote=False)
    return "".join(f"\\{c}" if c in "\\`*_[]~|" else c for c in safe)


# ---- HTML ----------------------------------------------------------------------------------------


def to_html(summary: CampaignSummary) -> str:
    """Return the page in HTML, self-contained."""
    return "\n".join(["<!doctype html>", *_page(summary)]) + "\n"


def _page(summary: CampaignSummary) -> Iterator[str]:
    yield '<html lang="en"><meta charset="utf-8"><title>Campaign</title>'
    yield f"<style>{STYLE}</style>"
    yield f'<h1>Campaign: <span class="{summary.outcome}">{summary.outcome}</span></h1>'
    yield f"<p>Seed {summary.seed}.</p><table><tr>"
    yield "".join(f"<th>{head}</th>" for head in HEADS) + "</tr>"
    for target in summary.targets:
        cells = "".join(f"<td>{_text(cell)}</td>" for cell in _cells(target))
        yield f'<tr class="{target.outcome}">{cells}</tr>'
    yield f"</table><h2>Failures: {len(summary.failures)}</h2>"
    for failure in summary.failures:
        yield f"<h3>{_text(failure.target)}: {_text(failure.property_name)}</h3>"
        yield f"<p>{_text(failure.summary)}</p>"
        yield f"<ul>{''.join(f'<li>{_text(fact)}</li>' for fact in _facts(failure))}</ul>"
        yield f"<pre>{_text(summary.replay_command(failure))}</pre>"
    yield "<h2>Coverage</h2>"
    for target in summary.targets:
        yield f"<h3>{_text(target.done.target)}</h3>{curve_svg(target.curve)}"
    notes = [f"<li>{_text(note)}</li>" for note in _notes(summary)]
    yield f"<ul>{''.join(notes)}</ul></html>"


def _text(text: str) -> str:
    return html.escape(plain(text))


def curve_svg(curve: Sequence[tuple[int, int, int]]) -> str:
    """Return a picture of how many node states were seen after so many runs.

    >>> curve_svg([(0, 0, 0), (10, 5, 9)]).count("L")
    1
    """
    if not curve or not curve[-1][0]:
        return "<p>nothing yet</p>"
    runs = curve[-1][0]
    most = max(max(states for _, states, _ in curve), 1)
    points = [
        f"{WIDTH * at / runs:.1f} {HEIGHT * (1 - states / most):.1f}" for at, states, _ in curve
    ]
    label = f"{most:,} node states in {runs:,} runs"
    return (
        f'<figure><svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-label="{label}"><path d="M{" L".join(points)}" fill="none" stroke="currentColor"/>'
        f"</svg><figcaption>{label}</figcaption></figure>"
    )
