"""Where output goes and how it looks."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TypedDict

import click

from slacheck.errors import Diagnostic, UsageError


class Style(TypedDict):
    """How wide a table may be, and whether it may have colours."""

    width: int
    color: bool


def style() -> Style:
    """Eighty columns without colour, unless standard output is a terminal."""
    if not sys.stdout.isatty():
        return {"width": 80, "color": False}
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return {"width": max(60, min(shutil.get_terminal_size().columns, 140)), "color": not plain}


def echo_json(text: str) -> None:
    """Write a JSON document and a line end as UTF-8, whatever the locale says."""
    click.echo(text.rstrip("\n").encode())


def refuse_output(output: Path | None, endings: tuple[str, ...], inputs: Iterable[Path]) -> None:
    """Refuse, before any work is done, an output that cannot be written or that would overwrite an input.

    Raises
    ------
    UsageError
        If its name has another ending, its folder is missing, it is a folder or one of the inputs.
    """
    if output is None:
        return
    if output.suffix.lower() not in endings:
        raise UsageError(Diagnostic(str(output), f"the name must end in {' or '.join(endings)}"))
    if output.is_dir():
        raise UsageError(Diagnostic(str(output), "this is a folder", fix="name a file in it"))
    if not output.parent.is_dir():
        raise UsageError(
            Diagnostic(str(output), f"there is no folder {str(output.parent)!r}", fix="make it, or write elsewhere")
        )
    if output.resolve() in [path.resolve() for path in inputs]:
        raise UsageError(Diagnostic(str(output), "this is an input, which would be overwritten", fix="write elsewhere"))
