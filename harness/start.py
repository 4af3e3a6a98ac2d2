"""Where the command line starts: signals and streams are seen to before anything else is imported.

What ends a command is always an exit code and at most some lines: a signal in the first moment, a
pipe that nobody reads any more, a disk that is full, an encoding that lacks a character. A mistake of
our own ends it with a traceback, and a code that no verdict has.
"""

from __future__ import annotations

import sys
from traceback import print_exc

from counterpoint.harness.interruption import exit_code_of, stopping
from counterpoint.harness.streams import (
    OWN_MISTAKE,
    CannotPrint,
    complain,
    flushed,
    see_to_streams,
    unprintable,
)


def main() -> None:
    """Run the command line, and end with its exit code."""
    see_to_streams()
    try:
        with stopping():
            code = flushed(_run())
    except CannotPrint as error:
        code = unprintable(error)
    except KeyboardInterrupt as stop:  # before there was anything to keep
        complain("interrupted")
        code = exit_code_of(stop)
    except Exception:
        print_exc()
        complain("this is a mistake of Counterpoint itself, and no verdict on what was searched")
        code = OWN_MISTAKE
    sys.exit(code)


def _run() -> int:
    import click

    from counterpoint.harness.cli import main as command_line

    try:
        code = command_line.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort as abort:
        raise (abort.__cause__ or KeyboardInterrupt()) from None
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return code if isinstance(code, int) else 0
