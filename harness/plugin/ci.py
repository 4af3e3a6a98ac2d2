"""What a failing test says on GitHub Actions: an annotation at its line, and a job summary.

Both are text from a trace, so both are escaped: a workflow command ends at a line end, and a summary
is Markdown.
"""

from __future__ import annotations

import html
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from counterpoint.harness.explanation.plain import plain
from counterpoint.harness.exports.mermaid import to_mermaid
from counterpoint.harness.report.terminal import broken_first
from counterpoint.model.trace import Trace
from counterpoint.model.verdict import Verdict

SUMMARY_BYTES_MAX = 900_000
"""GitHub takes a mebibyte a step; what would go past it is left out."""


def annotation(verdicts: Sequence[Verdict], *, file: str, line: int) -> str:
    """Return the workflow command that marks a line of a test with the first broken property."""
    verdict = broken_first(verdicts)
    summary = f"{verdict.property}: {verdict.summary}" if verdict else "failed"
    return f"::error file={_property(file)},line={line}::{_message(plain(summary))}"


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")


def summary(trace: Trace, verdicts: Sequence[Verdict], *, replay_command: str = "") -> str:
    """Return the Markdown of a job summary: the sentence, the reasons, the diagram, the command."""
    verdict = broken_first(verdicts)
    lines = [
        f"### {_inline(verdict.property)}: {_inline(verdict.summary)}" if verdict else "###",
        "",
    ]
    lines += [f"- {_inline(reason)}" for reason in (verdict.because[:5] if verdict else ())]
    lines += ["", "```mermaid", to_mermaid(trace, verdicts).rstrip("\n"), "```", ""]
    if replay_command:
        lines += ["```sh", plain(replay_command).replace("```", "'''"), "```", ""]
    return "\n".join(lines)


def _inline(text: str) -> str:
    """Return text that Markdown shows as it is.

    >>> _inline("a_b <x> *c*")
    'a\\\\_b &lt;x&gt; \\\\*c\\\\*'
    """
    safe = html.escape(plain(text), quote=False)
    return "".join(f"\\{c}" if c in "\\`*_[]~|" else c for c in safe)


def append_summary(environment: Mapping[str, str], text: str) -> bool:
    """Append to the job summary if there is one and room in it; tell whether that was done."""
    target = environment.get("GITHUB_STEP_SUMMARY")
    if not target:
        return False
    path, content = Path(target), text.encode("utf-8", "backslashreplace")
    try:
        present = path.stat().st_size if path.exists() else 0
        if present + len(content) > SUMMARY_BYTES_MAX:
            return False
        with path.open("ab") as file:
            file.write(content)
    except OSError:  # the report says it all the same
        return False
    return True


def tell_github(
    environment: Mapping[str, str],
    trace: Trace,
    verdicts: Sequence[Verdict],
    *,
    place: tuple[Path, int],
    replay_command: str,
) -> str:
    """Append to the job summary, and return the annotation to print; "" anywhere but on GitHub.

    `place` is the file of the test and its line, the first being 1. GitHub knows files by their path
    in the workspace.
    """
    if environment.get("GITHUB_ACTIONS") != "true":
        return ""
    append_summary(environment, summary(trace, verdicts, replay_command=replay_command) + "\n")
    path, line = place
    workspace = Path(environment.get("GITHUB_WORKSPACE") or Path.cwd())
    file = Path(os.path.relpath(path, workspace)).as_posix()
    return annotation(verdicts, file=file, line=line)
