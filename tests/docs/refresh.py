"""Bring the outputs that pages show up to date: `make pages`, or `make pages PAGES=README.md`.

Only outputs that disagree are written, as they came; a line that `...` already stood for keeps its
`...`. Read the difference before you keep it.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.docs.pages import ROOT, Runner, WrongOutput, agrees, all_pages, blocks


def refreshed(text: str, name: str) -> str:
    """Return a page with the outputs that came, its commands run again until all agree.

    Raises:
        WrongPage: something else is wrong with the page than an output.
    """
    while True:
        try:
            with tempfile.TemporaryDirectory() as folder:
                runner = Runner(Path(folder))
                for block in blocks(text, name):
                    runner.run(block)
        except WrongOutput as wrong:
            lines = text.splitlines(keepends=True)
            above, below = "".join(lines[: wrong.line - 1]), "".join(lines[wrong.line - 1 :])
            changed = above + below.replace(wrong.expected, merged(wrong.expected, wrong.actual), 1)
            if changed == text:
                raise  # the output shown is nowhere to be found
            text = changed
        else:
            return text


def merged(shown: str, came: str) -> str:
    """Return the output that came, with those lines of the page that still stand for one of its own.

    >>> merged("a\\nin ... s\\n", "b\\nin 3 s\\n")
    'b\\nin ... s\\n'
    """
    patterns = [line for line in shown.splitlines() if "..." in line.strip(".")]
    lines = came.strip("\n").splitlines()
    kept = (next((p for p in patterns if agrees(p, line)), line) for line in lines)
    return "\n".join(kept) + "\n"


def main(names: list[str]) -> None:
    """Bring some pages up to date, all of them if none is named."""
    for page in [ROOT / name for name in names] or all_pages():
        before = page.read_text()
        after = refreshed(before, page.relative_to(ROOT).as_posix())
        if after != before:
            page.write_text(after)
            print(f"{page.relative_to(ROOT)}: written", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:])
