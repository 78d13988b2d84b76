"""`slacheck`: the verbs, and what becomes of errors. Each verb loads only what it needs.

Exit codes: 0 PASS, 1 FAIL, 2 bad input, 3 INCONCLUSIVE, 4 ERROR (a bug); 130 interrupted, 141 nobody reads the output.
"""

from __future__ import annotations

import os
import sys
import traceback
from typing import Any

import click

from slacheck import __version__
from slacheck.cli.batch import batch
from slacheck.cli.bundle import bundle
from slacheck.cli.check import check
from slacheck.cli.compare import compare, diff
from slacheck.cli.documents import explain, lint, plan
from slacheck.cli.packs import report, verify
from slacheck.cli.redact import redact
from slacheck.cli.reference import inspect, kinds, schema
from slacheck.cli.sign import keygen, sign
from slacheck.errors import SlacheckError, printable

BAD_INPUT, BUG, INTERRUPTED, NO_READER = 2, 4, 130, 141


class Program(click.Group):
    """A group of commands that turns what goes wrong into a message and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit):
            raise
        except SlacheckError as error:
            click.echo(str(error), err=True)
            code = BAD_INPUT
        except (KeyboardInterrupt, click.Abort):
            click.echo("interrupted", err=True)
            code = INTERRUPTED
        except BrokenPipeError:
            sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 - nothing may be flushed into the pipe at exit
            code = NO_READER
        except OSError as error:
            where = f"{printable(str(error.filename))}: " if error.filename else ""
            click.echo(f"slacheck: error: {where}{error.strerror or error}", err=True)
            code = BAD_INPUT
        except Exception:
            click.echo(f"This is a bug in slacheck {__version__}; please report it with what follows.", err=True)
            click.echo(printable_lines(traceback.format_exc()), err=True)
            code = BUG
        ctx.exit(code)


def printable_lines(text: str) -> str:
    """`text` with control characters of each line escaped."""
    return "\n".join(printable(line) for line in text.splitlines())


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="slacheck")
def main() -> None:
    """Check measured electrical captures against a spec that two companies can sign.

    \b
    Exit codes: 0 PASS, 1 FAIL, 2 bad input, 3 INCONCLUSIVE, 4 a bug in slacheck.
    """  # noqa: D301 - click ends a paragraph at the backspace


for _command in (
    check,
    batch,
    lint,
    explain,
    plan,
    bundle,
    verify,
    report,
    keygen,
    sign,
    compare,
    diff,
    redact,
    schema,
    kinds,
    inspect,
):
    main.add_command(_command)
