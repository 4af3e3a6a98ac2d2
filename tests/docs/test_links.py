"""Every link of a page leads somewhere, and every page can be reached from the README."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, all_pages

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
PAGES = all_pages()


def links(page: Path) -> list[str]:
    """Return the targets of a page's links, those into the web left out."""
    found = LINK.findall(FENCED.sub("", page.read_text()))
    return [target for target in found if not target.startswith(("http://", "https://"))]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.*)$", FENCED.sub("", page.read_text()), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings
    }


def target_of(page: Path, link: str) -> tuple[Path, str]:
    """Return the file that a link leads to, and the anchor in it."""
    path, _, anchor = link.partition("#")
    return ((page.parent / path).resolve() if path else page), anchor


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for link in links(page):
        path, anchor = target_of(page, link)
        if not path.exists() or (anchor and anchor not in anchors(path)):
            broken.append(link)
    assert broken == []


def test_every_page_of_the_docs_can_be_reached_from_the_readme() -> None:
    reached, to_visit = set(), [ROOT / "README.md"]
    while to_visit:
        page = to_visit.pop()
        if page not in reached and page.suffix == ".md":
            reached.add(page)
            to_visit += [target_of(page, link)[0] for link in links(page)]
    lost = [p.relative_to(ROOT).as_posix() for p in PAGES if p not in reached]
    assert lost == []


def test_the_glossary_is_in_order_and_gives_each_term_one_line() -> None:
    text = (ROOT / "docs" / "glossary.md").read_text()
    terms = re.findall(r"^\*\*(.+?)\*\*: \S", text, re.MULTILINE)
    paragraphs = [p for p in text.split("\n\n")[2:] if p.strip()]
    assert len(terms) > 20
    assert terms == sorted(terms, key=str.lower)
    assert len(paragraphs) == len(terms), "one paragraph a term, after the title and one of words"
