"""Pages and gallery show what readers may rely on: names of `counterpoint`, none of a module in it."""

from __future__ import annotations

import ast

from tests.docs.pages import ROOT, all_pages, blocks

NOT_PUBLIC = {
    # what the reference systems are made of, for pages that take them apart
    ("docs/explanation/causal_stores.md", "impl.stores.causal_lamport"),
    ("docs/explanation/causal_stores.md", "impl.stores.demonstrations"),
    ("docs/explanation/causal_stores.md", "impl.stores.words"),
    ("docs/explanation/register.md", "harness.systems.register"),
    ("docs/explanation/register.md", "impl.register.access"),
    ("docs/explanation/register.md", "impl.register.demonstrations"),
    ("docs/explanation/register.md", "impl.register.messages"),
    ("docs/explanation/register.md", "impl.register.protocol"),
    ("docs/explanation/register.md", "impl.register.values"),
    ("docs/how-to/say-what-must-hold.md", "impl.register.protocol"),
    # what is written inside a checkout, and so may know its modules
    ("docs/how-to/add-a-system.md", "harness.entry"),
    ("docs/how-to/extend.md", ""),
    # not public yet
    ("docs/how-to/check-a-recorded-history.md", "harness.checking"),
}
"""A page, and a module that it may import from; "" for any. What no page needs is to be struck out."""


def deep_imports(source: str) -> set[str]:
    """Return the modules inside the package that a source imports from, without its name.

    >>> sorted(deep_imports("import counterpoint.a\\nfrom counterpoint.b import c\"))
    ['a', 'b']
    """
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
    inside = "counterpoint."
    return {name.removeprefix(inside) for name in found if name.startswith(inside)}


def imported() -> set[tuple[str, str]]:
    """Return each page or file of the gallery with each module that it imports from."""
    found: set[tuple[str, str]] = set()
    for page in all_pages():
        name = page.relative_to(ROOT).as_posix()
        for block in blocks(page.read_text(), name):
            if block.language == "python" and "one line" not in block.marks.get("not run", ""):
                found.update((name, module) for module in deep_imports(block.text))
    for path in (ROOT / "docs" / "gallery").glob("*.py"):
        name = path.relative_to(ROOT).as_posix()
        found.update((name, module) for module in deep_imports(path.read_text()))
    return found


def test_pages_and_gallery_import_public_names_alone() -> None:
    any_module = {page for page, module in NOT_PUBLIC if not module}
    found = {(page, "" if page in any_module else module) for page, module in imported()}
    assert found == NOT_PUBLIC
