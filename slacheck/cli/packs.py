"""The verbs for evidence packs: `verify`, `report`."""

from __future__ import annotations

from pathlib import Path

import click

from slacheck.cli.output import refuse_output

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("pack", metavar="PACK.zip", type=FILE)
@click.pass_context
def verify(ctx: click.Context, pack: Path) -> None:
    """Check digests and layout of a pack, and decide every check again from what it records.

    Exit codes: 0 verified, 1 something is wrong inside, 2 the file cannot be opened.
    """
    from slacheck.errors import printable
    from slacheck.evidence.verify import verify as verified

    report = verified(pack)
    for line in report.lines:
        click.echo(printable(line))
    ctx.exit(0 if report.ok else 1)


@click.command()
@click.argument("pack", metavar="PACK.zip", type=FILE)
@click.option(
    "-o", "output", metavar="FILE", required=True, type=FILE, help="report.html, report.pdf, or report.xml (JUnit)."
)
def report(pack: Path, output: Path) -> None:
    """Render a report from a pack alone."""
    from slacheck.evidence.atomic import write_whole
    from slacheck.render.from_pack import RENDERERS, rendered

    refuse_output(output, tuple(RENDERERS), (pack,))
    write_whole(output, [rendered(pack, output.suffix.lower())])
    click.echo(f"wrote {output}", err=True)
