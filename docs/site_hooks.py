"""What `make docs` adds to the pages: the navigation, two pages from the top level, the viewer.

The navigation is what docs/index.md lists: a page that it does not name ends a strict build.
"""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

ROOT = Path(__file__).resolve().parents[1]
PROJECT = ("CHANGELOG.md", "CONTRIBUTING.md")
SECTION = re.compile(r"^\*\*([\w-]+)\*\*,(.*?)(?=^\*\*|^And besides|\Z)", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([\w./-]+\.md)\)")
OUT_OF_DOCS = re.compile(
    r"\[([^\]]+)\]\((?:\.\./)+((?:tests|model|impl|checkers|aio|harness)/[^)]*)\)"
)

LIVE = "live/register-B1.html"
WRONG_VARIANT = ("register", "--mutant", "B1", "--seed", "9", "--runs", "400")


def on_config(config: MkDocsConfig) -> None:
    """Set the navigation."""
    docs = Path(config.docs_dir)
    config.nav = navigation(
        (docs / "index.md").read_text(encoding="utf-8"),
        (docs / "decisions" / "index.md").read_text(encoding="utf-8"),
    )


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Add the pages of the top level, and the page that the viewer makes of a run."""
    from mkdocs.structure.files import File

    for name in PROJECT:
        text = (ROOT / name).read_text(encoding="utf-8").replace("](docs/", "](")
        files.append(File.generated(config, name, content=text))
    files.append(File.generated(config, LIVE, content=live_page()))


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Name what is in the repository and not in the site by its path, instead of linking to it.

    >>> on_page_markdown("See [the tests](../../tests/model/), [words](glossary.md).")
    'See the tests (`tests/model/`), [words](glossary.md).'
    """
    return OUT_OF_DOCS.sub(r"\1 (`\2`)", markdown)


def navigation(index: str, decisions: str) -> list[Any]:
    """Return the navigation: the sections of the index, each with the pages that it links to.

    >>> index = "# All\\n\\n**How-to**, to do:\\n\\n- [b](how-to/b.md): c\\n"
    >>> navigation(index, "1. [One](0001-one.md)\\n")[1:3]
    [{'How-to': ['how-to/b.md']}, {'Decisions': ['decisions/index.md', 'decisions/0001-one.md']}]
    """
    sections = [{name: LINK.findall(text)} for name, text in SECTION.findall(index)]
    pages = [f"decisions/{name}" for name in ("index.md", *LINK.findall(decisions))]
    return [
        "index.md",
        *sections,
        {"Decisions": pages},
        "glossary.md",
        {"Project": list(PROJECT)},
    ]


@cache
def live_page() -> str:
    """Return what `counterpoint view` makes of the shortest run that breaks a wrong variant."""
    command = Path(sys.executable).with_name("counterpoint")
    with TemporaryDirectory() as folder:
        search = (command, "fuzz", *WRONG_VARIANT, "--out", folder)
        found = subprocess.run(search, capture_output=True, text=True, check=False)
        assert found.returncode == 1, (
            found.stdout + found.stderr
        )  # it breaks, or this is no example
        (trace,) = Path(folder).glob("*.trace.jsonl")
        page = Path(folder) / "page.html"
        subprocess.run(
            (command, "view", trace, "--seconds", "1", "--out", page),
            capture_output=True,
            check=True,
        )
        return page.read_text(encoding="utf-8")
