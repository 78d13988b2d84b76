"""The verbs for documents: `lint`, `explain`, `plan`."""

from __future__ import annotations

from pathlib import Path

import click

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=FILE)
@click.pass_context
def lint(ctx: click.Context, files: tuple[Path, ...]) -> None:
    """Validate specs, sidecars, submissions and campaigns: every error at once, file:line:column."""
    from slacheck.errors import SpecError, printable
    from slacheck.submission import recognise

    faulty = False
    for path in files:
        try:
            click.echo(f"{printable(str(path))}: ok ({recognise.lint(path)})")
            for note in recognise.notes(path):
                click.echo(printable(f"{path}: note ({note.code}): {note.sentence}"))
        except SpecError as error:
            faulty = True
            click.echo(str(error), err=True)
    ctx.exit(2 if faulty else 0)


@click.command()
@click.argument("spec", type=FILE)
def explain(spec: Path) -> None:
    """Each requirement as a contract sentence, every default spelled out."""
    from slacheck.spec.explain import explain as sentences
    from slacheck.spec.load import load_spec

    click.echo(sentences(load_spec(spec)).rstrip("\n"))


@click.command()
@click.argument("spec", type=FILE)
def plan(spec: Path) -> None:
    """What to record: channels, sample rate, duration, bandwidth and accuracy for each test."""
    from slacheck.spec.load import load_spec
    from slacheck.spec.plan import plan as recording_plan

    click.echo(recording_plan(load_spec(spec)).rstrip("\n"))
