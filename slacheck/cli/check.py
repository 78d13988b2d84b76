"""`slacheck check`: captures against a spec, to a verdict, a table and an evidence pack."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from slacheck.cli.output import echo_json, refuse_output, style
from slacheck.cli.progress import progress
from slacheck.cli.sign import opened_key

if TYPE_CHECKING:
    from slacheck.api import Elsewhere

EXIT_CODES = {"PASS": 0, "FAIL": 1, "INCONCLUSIVE": 3, "ERROR": 4}


def _mapping(ctx: click.Context, option: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    """SIGNAL=CHANNEL pairs to a mapping."""
    mapping: dict[str, str] = {}
    for pair in given:
        signal, equals, channel = pair.partition("=")
        if not (signal and equals and channel):
            raise click.BadParameter(f"{pair!r} is not SIGNAL=CHANNEL", ctx, option)
        if signal in mapping:
            raise click.BadParameter(f"the signal {signal!r} is mapped twice", ctx, option)
        mapping[signal] = channel
    return mapping


@click.command()
@click.argument("document", metavar="SPEC|SUBMISSION", type=click.Path(path_type=Path))
@click.argument("captures", metavar="[CAPTURE|URL]...", nargs=-1)
@click.option("-o", "output", metavar="PACK.zip", type=click.Path(path_type=Path), help="Write the evidence pack.")
@click.option(
    "--map", "mapping", metavar="SIGNAL=CHANNEL", multiple=True, callback=_mapping, help="Where a signal is recorded."
)
@click.option("--test", metavar="NAME", help="Test under which the captures were made.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--embed", is_flag=True, help="Put the captures' files into the pack.")
@click.option(
    "--jobs",
    metavar="N",
    type=click.IntRange(1, 1024),
    default=1,
    show_default=True,
    help="Processes, or threads.",
)
@click.option("--sign", metavar="KEY", type=click.Path(path_type=Path), help="Sign the pack with this private key.")
@click.option("--scheduler", metavar="ADDRESS", help="Dask: local, tcp://127.0.0.1:PORT or tls://HOST:PORT.")
@click.option("--quiet", "-q", is_flag=True, help="Only the verdict; no progress.")
@click.pass_context
def check(
    ctx: click.Context,
    document: Path,
    captures: tuple[str, ...],
    output: Path | None,
    mapping: dict[str, str],
    test: str | None,
    form: str,
    embed: bool,
    sign: Path | None,
    jobs: int,
    scheduler: str | None,
    quiet: bool,
) -> None:
    """Check captures against a spec, or all that a submission (*.sla.yaml) binds.

    \b
    slacheck check hall-a.yaml step-1.csv step-2.csv --test full_load_step -o evidence.zip
    slacheck check vendor-b.sla.yaml --format json
    """  # noqa: D301 - click ends a paragraph at the backspace
    from slacheck import api

    if embed and output is None:
        raise click.UsageError("--embed puts captures into a pack; name it with -o PACK.zip", ctx)
    if sign is not None and output is None:
        raise click.UsageError("--sign signs the pack; name it with -o PACK.zip", ctx)
    refuse_output(output, (".zip",), (document, *map(Path, captures), *([] if sign is None else [sign])))
    key = None if sign is None else opened_key(sign)
    elsewhere = _elsewhere(scheduler, jobs)
    with progress(quiet) as tell:
        results = api.check(
            document, captures or None, map=mapping, test=test, progress=tell, jobs=jobs, elsewhere=elsewhere
        )
        if output is not None:
            results.write_pack(output, embed=embed, sign=key)
    if form == "json":
        echo_json(results.to_json())
    else:
        click.echo(f"{results.spec.id}: {results.verdict}" if quiet else results.table(**style()))
    if output is not None and not quiet:
        click.echo(f"wrote {output}", err=True)
    ctx.exit(EXIT_CODES[results.verdict])


def _elsewhere(scheduler: str | None, jobs: int) -> Elsewhere | None:
    """What measures captures that are files, if not this process."""
    if scheduler is not None:
        from slacheck.batch.cluster import cluster_measure

        return cluster_measure(scheduler, jobs=jobs)
    if jobs == 1:
        return None
    from slacheck.batch.local import processes_measure

    return processes_measure(jobs)
