"""The documentation as a site: it is built without a warning, and needs nothing from elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.docs.pages import ROOT
from tests.docs.test_reference import loaded

pytestmark = pytest.mark.skipif(
    find_spec("mkdocs") is None or find_spec("material") is None,
    reason="no mkdocs-material here: pip install 'counterpoint[docs]', or make docs",
)
LOADS = {("script", "src"), ("link", "href"), ("img", "src"), ("iframe", "src")}
IS_A_PROMISE = {"canonical", "prev", "next"}  # such a link tells, and loads nothing


@dataclass
class Seen(HTMLParser):
    """What a page links to, what it loads, and the anchors in it."""

    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the attributes of one element."""
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if given.get("rel") not in IS_A_PROMISE:
            self.loaded += [given[a] for t, a in LOADS if t == tag and a in given]


def read(page: Path) -> Seen:
    """Read a page of the site."""
    seen = Seen()
    seen.feed(page.read_text(encoding="utf-8"))
    return seen


def build(target: Path, config: Path = ROOT / "mkdocs.yml") -> subprocess.CompletedProcess[str]:
    """Build the site strictly; not quietly, since warnings that are not told are not counted."""
    command = (sys.executable, "-m", "mkdocs", "build", "--strict")
    return subprocess.run(
        [*command, "--config-file", str(config), "--site-dir", str(target)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Seen]:
    """The pages of the site, by file."""
    target = tmp_path_factory.mktemp("site").resolve()
    done = build(target)
    assert done.returncode == 0, done.stdout + done.stderr
    return {page: read(page) for page in sorted(target.rglob("*.html"))}


def broken_links(site: dict[Path, Seen]) -> list[str]:
    """Return each link, and each thing that a page loads, that leads to nothing in the site."""
    broken = []
    for page, seen in site.items():
        for target in (*seen.links, *seen.loaded):
            url = urlsplit(target)
            if url.scheme or url.netloc:
                continue
            file = (page.parent / unquote(url.path)).resolve() if url.path else page
            lost = not file.exists() or (
                url.fragment and file in site and unquote(url.fragment) not in site[file].anchors
            )
            if lost and not url.path.startswith(
                "/"
            ):  # the page for what is not found knows no place
                broken.append(f"{page.name}: {target}")
    return broken


@pytest.mark.slow
def test_every_page_of_the_docs_is_in_the_site(site: dict[Path, Seen]) -> None:
    pages = {p.relative_to(ROOT / "docs").with_suffix("") for p in (ROOT / "docs").rglob("*.md")}
    (root,) = {page.parent for page in site if page.name == "404.html"}
    built = {page.relative_to(root).with_suffix("") for page in site}
    assert pages - built == set()
    assert {Path("CHANGELOG"), Path("CONTRIBUTING")} <= built


@pytest.mark.slow
def test_every_link_and_every_anchor_of_the_site_leads_somewhere(site: dict[Path, Seen]) -> None:
    assert sum(len(seen.links) for seen in site.values()) > 1000
    assert broken_links(site) == []


@pytest.mark.slow
def test_the_site_loads_nothing_from_elsewhere(site: dict[Path, Seen]) -> None:
    everything = [target for seen in site.values() for target in seen.loaded]
    assert len(everything) > 100
    assert [target for target in everything if urlsplit(target).netloc] == []
    assert [target for target in everything if target.endswith(".js")] != []


@pytest.mark.slow
def test_the_viewer_is_a_page_of_the_site(site: dict[Path, Seen]) -> None:
    (frame,) = (page for page in site if page.name == "live_viewer.html")
    assert "../live/register-B1.html" in site[frame].loaded
    (live,) = (page for page in site if page.name == "register-B1.html")
    assert "no new/old inversion" in live.read_text(encoding="utf-8")


@pytest.mark.slow
def test_every_kind_of_mistake_in_a_page_is_a_warning_and_ends_the_build(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    (docs / "decisions").mkdir(parents=True)
    for name in ("other.md", "unlisted.md", "glossary.md", "decisions/index.md"):
        (docs / name).write_text("# Title\n")
    (docs / "index.md").write_text(
        "# T\n\n**Tutorial**, to learn: [a](other.md), [b](other.md#part), [c](/other.md).\n\n"
        "**How-to**, to do: [d](lost.md).\n"
    )
    config = (ROOT / "mkdocs.yml").read_text().replace("docs/site_hooks.py", "hooks.py")
    (tmp_path / "mkdocs.yml").write_text(config)
    (tmp_path / "hooks.py").write_text(
        f"import runpy\nhooks = runpy.run_path({str(ROOT / 'docs' / 'site_hooks.py')!r})\n"
        "def on_config(config):\n"
        "    hooks['on_config'](config)\n"
        "    config.nav.pop()  # the pages that are added from the top level are not added here\n"
    )
    done = build(tmp_path / "site", tmp_path / "mkdocs.yml")
    told = done.stdout + done.stderr
    assert done.returncode == 1
    for complaint in ("  - unlisted.md", "'lost.md'", "#part'", "absolute link '/other.md'"):
        assert complaint in told
    assert "in strict mode" in told


def test_the_navigation_is_what_the_index_lists() -> None:
    hooks = loaded(ROOT / "docs" / "site_hooks.py")
    tutorial = "**Tutorial**, to learn: [a](tutorial/a.md).\n\n"
    index = f"# T\n\n{tutorial}**How-to**, to do:\n\n- [b](how-to/b.md)\n"
    assert hooks.navigation(index, "1. [One](0001-one.md)\n")[:4] == [
        "index.md",
        {"Tutorial": ["tutorial/a.md"]},
        {"How-to": ["how-to/b.md"]},
        {"Decisions": ["decisions/index.md", "decisions/0001-one.md"]},
    ]


def test_a_link_out_of_the_docs_becomes_a_path() -> None:
    hooks = loaded(ROOT / "docs" / "site_hooks.py")
    text = "See [the tests](../../tests/model/), [words](glossary.md)."
    assert hooks.on_page_markdown(text, page=None) == (
        "See the tests (`tests/model/`), [words](glossary.md)."
    )
