"""`slacheck redact`: a pack that proves its verdicts without the load profile."""

from __future__ import annotations

from pathlib import Path

import click

from slacheck.cli.output import refuse_output

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("pack", metavar="PACK.zip", type=FILE)
@click.option("-o", "output", metavar="OUT.zip", required=True, type=FILE, help="The redacted pack.")
@click.option("--reason", metavar="TEXT", help="Who withholds, and why; written into the pack, unsigned.")
def redact(pack: Path, output: Path, reason: str | None) -> None:
    """Leave traces, captures and the report out of a pack; what remains still verifies.

    Manifest and signatures stay byte for byte; redaction.json names what is withheld. Exit codes: 0 written, 2 the
    pack cannot be opened or does not verify.
    """
    from slacheck.errors import printable
    from slacheck.evidence.redact import redact as redacted

    refuse_output(output, (".zip",), (pack,))
    withheld = redacted(pack, output, reason)
    for name, size in withheld.items():
        click.echo(f"withheld {printable(name)}, {size} bytes", err=True)
    click.echo(f"wrote {output}", err=True)
