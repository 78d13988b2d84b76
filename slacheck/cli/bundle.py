"""`slacheck bundle`: a spec to publish, with all that a supplier needs to check himself by it."""

from __future__ import annotations

from pathlib import Path

import click

from slacheck.cli.output import refuse_output

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("spec", type=FILE)
@click.argument("examples", metavar="[CAPTURE]...", nargs=-1, type=FILE)
@click.option("-o", "output", metavar="BUNDLE.zip", required=True, type=FILE, help="The bundle to write.")
def bundle(spec: Path, examples: tuple[Path, ...], output: Path) -> None:
    """Put a spec, what it extends, what to record and example captures into one zip for suppliers.

    The same files give the same bytes. Unpacked anywhere, `slacheck lint`, `plan` and `check` work in it.
    """
    from slacheck.errors import printable
    from slacheck.spec.load import load_spec
    from slacheck.submission.bundle import write_bundle

    refuse_output(output, (".zip",), (spec, *examples))
    for name in write_bundle(load_spec(spec), examples, output):
        click.echo(printable(name), err=True)
    click.echo(f"wrote {output}", err=True)
