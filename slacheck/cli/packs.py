"""The verbs for evidence packs: `verify`, `report`."""

from __future__ import annotations

from pathlib import Path

import click

from slacheck.cli.output import refuse_output
from slacheck.cli.sign import trust_of

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("pack", metavar="PACK.zip", type=FILE)
@click.option("--key", "keys", metavar="PUB", multiple=True, type=FILE, help="Public key that must have signed it.")
@click.option("--require", metavar="N", type=click.IntRange(min=1), help="Of the keys given, N are enough.")
@click.option("--timestamp-ca", metavar="CA.pem", type=FILE, help="Time-stamping authority that must have stamped it.")
@click.pass_context
def verify(
    ctx: click.Context, pack: Path, keys: tuple[Path, ...], require: int | None, timestamp_ca: Path | None
) -> None:
    """Check digests and layout of a pack, decide every check again from what it records, and check who signed it.

    Exit codes: 0 verified, 1 something is wrong inside or not signed as asked, 2 a file cannot be opened.
    """
    from slacheck.errors import printable
    from slacheck.evidence.verify import verify as verified

    report = verified(pack, trust_of(keys, require, timestamp_ca))
    for line in report.lines:
        click.echo(printable(line))
    ctx.exit(0 if report.ok else 1)


@click.command()
@click.argument("pack", metavar="PACK.zip", type=FILE)
@click.option("-o", "output", metavar="FILE", required=True, type=FILE, help="report.html, or report.xml (JUnit).")
def report(pack: Path, output: Path) -> None:
    """Render a report from a pack alone."""
    from slacheck.evidence.atomic import write_whole
    from slacheck.render.from_pack import RENDERERS, rendered

    refuse_output(output, tuple(RENDERERS), (pack,))
    write_whole(output, [rendered(pack, output.suffix.lower())])
    click.echo(f"wrote {output}", err=True)
