"""``main``: parse, run the command, turn errors into words and exit codes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pkgutil import resolve_name

from pdp.cli.arguments import parser
from pdp.cli.exits import Exit, Unreachable, Usage
from pdp.cli.output import errors
from pdp.cli.problems import print_problems
from pdp.errors import BundleError, ConfigError, InvalidRequest, PdpError

Command = Callable[[argparse.Namespace], Exit]
SERVE = "serve"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code. ``argv`` defaults to the process's arguments."""
    arguments = _parse(sys.argv[1:] if argv is None else argv)
    # Found by name, so that `pdp status` need not load the sentence model's runtime.
    command: Command = resolve_name(arguments.run)
    try:
        return int(command(arguments))
    except BundleError as error:
        print_problems(
            errors(), error.problems, getattr(arguments, "directory", None) or getattr(arguments, "bundle", None)
        )
        return Exit.NO
    except (ConfigError, InvalidRequest, Usage) as error:
        return _fail(str(error), Exit.USAGE)
    except Unreachable as error:
        return _fail(str(error), Exit.UNREACHABLE)
    except PdpError as error:
        return _fail(f"{error.code}: {error}", Exit.NO)
    except BrokenPipeError:
        # The reader went away (`pdp explain ... | head`). Nothing is wrong, and nothing more can be printed.
        sys.stderr.close()
        return Exit.OK
    except KeyboardInterrupt:
        return 130


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    if argv[:1] == [SERVE]:
        # argparse cannot leave options to somebody else; behind ``serve`` stand the settings, even --help.
        return argparse.Namespace(run="pdp.cli.serving:serve", settings=list(argv[1:]))
    return parser().parse_args(argv)


def _fail(text: str, code: Exit) -> Exit:
    errors().print(f"pdp: {text}", style="red", soft_wrap=True)
    return code
