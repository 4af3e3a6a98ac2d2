"""A real browser for tests, or a reason why there is none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run", "--disable-quic",
]  # fmt: skip


def chromium() -> str | None:
    """Return the path of Chromium, None where it is not installed."""
    wanted = os.environ.get("COUNTERPOINT_CHROMIUM")
    return wanted or shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")  # while it is open no other test can run an event loop
def browser() -> Iterator[Any]:
    """Return a running Chromium."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = chromium()
    if path is None:
        pytest.skip("Chromium is not installed; `make browser-test` installs it")
    with api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()


class Tab:
    """One page, with everything that went wrong in it."""

    def __init__(self, browser: Any, folder: Path) -> None:
        self._browser, self._folder = browser, folder
        self.errors: list[str] = []
        self.requests: list[str] = []

    def open(self, html: str, *, link: str = "", scheme: str = "light") -> Any:
        """Show a page from a file and return it when it is drawn."""
        file = self._folder / "page.html"
        file.write_text(html, encoding="utf-8")
        page = self._browser.new_page(viewport={"width": 1600, "height": 1060}, color_scheme=scheme)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda m: self.errors.extend([m.text] if m.type == "error" else []))
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(f"{file.as_uri()}{link}")
        page.wait_for_selector("html[data-ready=yes], html[data-ready=no]", timeout=20_000)
        return page


@pytest.fixture
def tab(browser: Any, tmp_path: Path) -> Tab:
    """Return a tab in which to open pages."""
    return Tab(browser, tmp_path)
