"""`slacheck batch`: many results from one campaign, and one table of every check."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from slacheck.batch.conduct import Progress

PATH = click.Path(path_type=Path)


@click.command()
@click.argument("campaign", metavar="CAMPAIGN.yaml|DIR", type=PATH)
@click.option("-o", "output", metavar="DIR", type=PATH, help="Folder of the results: packs, and checks.parquet.")
@click.option("--jobs", metavar="N", type=click.IntRange(1, 1024), help="Processes. Default: one for each core.")
@click.option("--scheduler", metavar="ADDRESS", help="Dask: local, tcp://127.0.0.1:PORT or tls://HOST:PORT.")
@click.option("--resume", is_flag=True, help="Go on with a batch that was ended; what is done is not done again.")
@click.option(
    "--time-limit",
    metavar="SECONDS",
    type=click.FloatRange(0, min_open=True),
    default=3600.0,
    show_default=True,
    help="A result that takes longer is an ERROR.",
)
@click.option(
    "--memory-limit",
    metavar="GIB",
    type=click.FloatRange(0.25),
    default=4.0,
    show_default=True,
    help="A result that allocates more is an ERROR.",
)
@click.option("--summary", is_flag=True, help="Only print what the batch in DIR found.")
@click.option("--quiet", "-q", is_flag=True, help="Only the counts; no progress.")
def batch(campaign: Path, output: Path | None, summary: bool, quiet: bool, **options: Any) -> None:
    """Check all that a campaign names, or every submission (*.sla.yaml) below a folder.

    \b
    slacheck batch acceptance.yaml -o results --jobs 4
    slacheck batch acceptance.yaml -o results --resume
    slacheck batch --summary results
    The exit code is that of the worst result: 4 ERROR, 1 FAIL, 2 bad input, 3 INCONCLUSIVE, 0 PASS.
    """  # noqa: D301 - click ends a paragraph at the backspace
    from slacheck.batch.conduct import EXIT_CODES, worst
    from slacheck.batch.folder import TABLE
    from slacheck.batch.summary import summarise
    from slacheck.batch.table import read_table

    ctx = click.get_current_context()
    if summary:
        if output is not None:
            raise click.UsageError("--summary takes the folder of a batch alone: slacheck batch --summary DIR", ctx)
        found = summarise(read_table(campaign / TABLE))
        click.echo(found.text())
        ctx.exit(EXIT_CODES[worst(found.outcomes)])
    if output is None:
        raise click.UsageError("name the folder of the results with -o DIR", ctx)
    counts = _conducted(campaign, output, quiet, options)
    found = summarise(read_table(output / TABLE))
    click.echo(found.text().splitlines()[0] if quiet else found.text())
    ctx.exit(EXIT_CODES[worst(counts)])


def _conducted(campaign: Path, output: Path, quiet: bool, options: dict[str, Any]) -> Any:
    from slacheck.batch.cluster import cluster_crew
    from slacheck.batch.conduct import Way, conduct
    from slacheck.batch.worker import Limits
    from slacheck.cli.progress import progress
    from slacheck.submission.campaign import load_campaign

    limits = Limits(options["time_limit"], options["memory_limit"])
    jobs, scheduler = options["jobs"] or cores(), options["scheduler"]
    way = Way(jobs, limits, None if scheduler is None else cluster_crew(scheduler, jobs=jobs, limits=limits))
    loaded = load_campaign(campaign, output=output)
    with progress(quiet) as tell:
        shown = None if tell is None else _pace(tell)
        return conduct(loaded, output, resume=options["resume"], way=way, progress=shown)


def _pace(tell: Callable[[str], None]) -> Callable[[Progress], None]:
    """How far, how fast, and how long still; what was there before says nothing about how fast."""
    start = time.monotonic()

    def shown(progress: Progress) -> None:
        made, left = progress.done - progress.before, progress.of - progress.done
        line = f"{progress.done} of {progress.of} results"
        if made:
            each = (time.monotonic() - start) / made
            pace = f"{1 / each:.3g} a second" if each < 1 else f"{each:.3g} s each"
            line += f", {pace}, {_duration(each * left)} left"
        tell(line)

    return shown


def _duration(seconds: float) -> str:
    for unit, name in ((86400.0, "d"), (3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * unit:
            return f"about {seconds / unit:.0f} {name}"
    return f"about {seconds:.0f} s"


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
