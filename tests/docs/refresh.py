"""Bring the outputs that pages show up to date: `make pages`, or `make pages PAGES=README.md`.

Only outputs that disagree are written, as they came: read the difference before you keep it, and put
the `...` back where something differs from machine to machine.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.docs.pages import ROOT, Runner, WrongOutput, all_pages, blocks


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
            changed = above + below.replace(wrong.expected, wrong.actual.strip("\n") + "\n", 1)
            if changed == text:
                raise  # the output shown is nowhere to be found
            text = changed
        else:
            return text


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
