"""Writes docs/reference/ from the docstrings: `make reference`. A test compares the two.

What the text says is the docstrings' business; this file only decides which modules make a page.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from enum import Enum
from functools import cached_property
from pathlib import Path
from types import FunctionType, ModuleType

import click

from counterpoint.harness import listed
from counterpoint.harness.cli import main as main_command
from counterpoint.harness.plugin.options import OPTIONS
from counterpoint.model.actions import ACTIONS

FOLDER = Path(__file__).parent / "reference"
NOTICE = "<!-- Written by `make reference` from the docstrings; a change here is lost. -->\n"
DEFAULT_LENGTH_MAX = 40


@dataclass(frozen=True)
class Page:
    """A page of the reference: its file, its title, and the modules it tells of, in order."""

    file: str
    title: str
    modules: tuple[str, ...]


PAGES = (
    Page("protocols.md", "Protocols", ("model.node", "model.values")),
    Page(
        "scenarios.md",
        "Scenarios and budgets",
        (
            "model.scenario",
            "model.workload",
            "model.search.drawing",
            "model.claims",
            "model.fault_state",
            "model.detector",
        ),
    ),
    Page(
        "actions.md",
        "Actions and faults",
        (
            "model.kind",
            "model.view",
            "model.normal",
            "model.actions",
            "model.faults",
            "model.suspicions",
        ),
    ),
    Page(
        "programs.md",
        "asyncio programs",
        (
            "harness.aio.scenarios",
            "harness.aio.given_node",
            "harness.aio.actions",
            "harness.aio.traffic",
            "harness.aio.real",
            "harness.aio.escapes",
        ),
    ),
    Page(
        "traces.md",
        "Traces and verdicts",
        ("model.event", "model.trace", "model.verdict", "model.tracefile"),
    ),
    Page("histories.md", "Histories", ("checkers.history",)),
    Page(
        "pytest.md",
        "Tests with pytest and Hypothesis",
        ("harness.testing", "harness.suites", "harness.profiles"),
    ),
)


COMMAND_LINE = Page("command-line.md", "The command line", ())


def text_of(page: Page) -> str:
    """Return a page of the reference."""
    parts = [f"# {page.title}\n", NOTICE]
    if page.file == "actions.md":
        parts.append(table_of_actions())
    if page.file == "pytest.md":
        parts.append(table_of_options())
    if page is COMMAND_LINE:
        parts += [
            part for words, command in commands() for part in described_command(words, command)
        ]
    for name in page.modules:
        module = importlib.import_module(f"counterpoint.{name}")
        parts += [f"## `counterpoint.{name}`\n", prose(module)]
        parts += [part for item in public(module) for part in described(item)]
    return "\n".join(parts)


def table_of_actions() -> str:
    """Return every kind of action, in the order in which a search considers them."""
    rows = [
        f"| `{action.kind}` | {'yes' if action.is_fault else 'no'} | {first_sentence(action)} |"
        for action in ACTIONS
    ]
    head = ["| kind | a fault | what happens |", "|---|---|---|"]
    return "\n".join([*head, *rows, ""])


def table_of_options() -> str:
    """Return the options of the pytest plugin, with the defaults of its ini options."""
    rows = []
    for option in OPTIONS:
        ini = "" if option.default is None else f"`{f'{option.ini} = {option.default}'.rstrip()}`"
        rows.append(f"| `{option.flag} {option.metavar}` | {option.help} | {ini} |")
    head = ["| option of pytest | what it does | in an ini file |", "|---|---|---|"]
    return "\n".join([*head, *rows, ""])


def first_sentence(item: object) -> str:
    """Return the first line of a docstring, up to its first full stop."""
    return (inspect.getdoc(item) or "").splitlines()[0].partition(". ")[0].rstrip(".") + "."


def commands(group: click.Group = main_command) -> Iterator[tuple[str, click.Command]]:
    """Return a command with its words, and its subcommands as `--help` orders them."""
    yield "counterpoint" if group is main_command else f"counterpoint {group.name}", group
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command)
        else:
            above = "" if group is main_command else f"{group.name} "
            yield f"counterpoint {above}{name}", command


def described_command(words: str, command: click.Command) -> Iterator[str]:
    """Return a heading, the usage, the help and the options of a command."""
    options = [p for p in command.params if isinstance(p, click.Option)]
    arguments = [
        str(p.name).upper() if p.required else f"[{str(p.name).upper()}]"
        for p in command.params
        if isinstance(p, click.Argument)
    ]
    yield f"## `{words}`\n"
    yield f"```text\n{' '.join([words, *arguments, *(['[OPTIONS]'] if options else [])])}\n```\n"
    for text in inspect.cleandoc(command.help or "").split("\n\n"):
        # click's own mark for text that is not to be wrapped: the examples
        is_as_it_is = text.startswith("\b\n")
        yield f"```text\n{text.removeprefix(chr(8)).strip()}\n```\n" if is_as_it_is else f"{text}\n"
    if options:
        yield "\n".join(["| option | what it does |", "|---|---|", *map(option_row, options), ""])
    if command.epilog:
        yield f"{command.epilog}\n"


def option_row(option: click.Option) -> str:
    """Return the row of an option: how it is given, what it does, what it is without."""
    takes_none = option.is_flag or option.count
    value = "" if takes_none else f" {option.make_metavar(click.Context(main_command))}"
    default = f"Default: `{option.default}`." if option.show_default else ""
    given = f"{', '.join(option.opts)}{value}".replace("|", "\\|")
    told = " ".join(filter(None, [option.help, default]))
    return f"| `{given}` | {told} |"


def public(module: ModuleType) -> Iterator[type | FunctionType]:
    """Return the public classes and functions that a module defines, in the order of the file."""
    for name, item in vars(module).items():
        is_defined_here = getattr(item, "__module__", None) == module.__name__
        if is_defined_here and not name.startswith("_") and isinstance(item, type | FunctionType):
            yield item


def described(item: type | FunctionType) -> Iterator[str]:
    """Return a heading, the shape and the prose of a class or function."""
    yield f"### `{item.__name__}`\n"
    yield f"```text\n{shape(item)}\n```\n"
    yield prose(item)
    if isinstance(item, type) and (lines := list(members(item))):
        yield "\n".join([*lines, ""])


def members(item: type) -> Iterator[str]:
    """Return a line for each public method and property that a class defines."""
    own_fields = {field.name for field in fields(item)} if is_dataclass(item) else set()
    for name, member in vars(item).items():
        if name.startswith("_") or name in own_fields:
            continue
        if isinstance(member, FunctionType | classmethod):
            yield f"- `{name}{parameters(getattr(item, name))}`: {first_sentence(member)}"
        elif isinstance(member, property | cached_property):
            yield f"- `{name}`: {first_sentence(member)}"


def shape(item: type | FunctionType) -> str:
    """Return what a caller types: a signature, the fields of a dataclass, the members of an enum."""
    if isinstance(item, FunctionType):
        return f"{item.__name__}{parameters(item)}"
    if is_dataclass(item):
        return "\n".join([item.__name__, *(f"    {field_line(field)}" for field in fields(item))])
    if issubclass(item, Enum):
        return "\n".join([item.__name__, *(f"    {member.name}" for member in item)])
    bases = ", ".join(base.__name__ for base in item.__bases__ if base is not object)
    return f"{item.__name__}({bases})" if bases else item.__name__


def parameters(function: object) -> str:
    """Return the signature of a function, with annotations as they are written."""
    assert callable(function)
    text = re.sub(r"(: |-> )(['\"])(.*?)\2", r"\1\3", str(inspect.signature(function)))
    return re.sub(r"^\(self(, )?", "(", text)


def field_line(field: Field[object]) -> str:
    """Return the line that declares a field of a dataclass, a long default as an ellipsis."""
    line = f"{field.name}: {field.type}"
    if field.default is not MISSING:
        default = getattr(field.default, "__name__", None) or repr(field.default)
        return f"{line} = {default if len(default) <= DEFAULT_LENGTH_MAX else '...'}"
    return line if field.default_factory is MISSING else f"{line} = ..."


def prose(item: object) -> str:
    """Return a docstring as a page shows it, paragraph by paragraph."""
    paragraphs = (inspect.getdoc(item) or "").split("\n\n")
    return "\n\n".join(map(paragraph, paragraphs)) + "\n"


def paragraph(text: str) -> str:
    """Return examples fenced and exceptions as a list; other text is Markdown already."""
    if text.startswith(">>>"):
        return f"```pycon\n{text}\n```"
    if text.startswith("Raises:\n"):
        one_line_each = re.sub(r"\n {8,}", " ", text.removeprefix("Raises:\n"))
        return "Raises:\n\n" + re.sub(
            r"^ {4}(\w+): ", r"- `\1`: ", one_line_each, flags=re.MULTILINE
        )
    return text


def main() -> None:
    """Write every page, and what `counterpoint list` tells."""
    FOLDER.mkdir(exist_ok=True)
    for page in (*PAGES, COMMAND_LINE):
        (FOLDER / page.file).write_text(text_of(page))
    listed.FILE.write_text(listed.text_of_listed(), encoding="utf-8")
    print(f"{len(PAGES) + 1} pages in {FOLDER}", file=sys.stderr)


if __name__ == "__main__":
    main()
