"""What is being done, on a terminal that somebody looks at."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from slacheck.errors import printable


@contextmanager
def progress(quiet: bool) -> Iterator[Callable[[str], None] | None]:
    """A function to be told what is being done; None where nobody looks."""
    if quiet or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb" or os.environ.get("CI"):
        yield None
        return
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True).status(Text("reading")) as status:
        yield lambda doing: status.update(Text(printable(doing)))
