"""The verbs that look things up: `schema`, `kinds`, `inspect`."""

from __future__ import annotations

from pathlib import Path

import click

from slacheck.cli.output import echo_json


@click.command()
@click.argument(
    "name",
    type=click.Choice(["spec", "capture", "submission", "campaign", "results", "attestation"]),
    default="spec",
)
def schema(name: str) -> None:
    """JSON Schema (2020-12) of a document."""
    import json

    from slacheck.evidence.schema import attestation_schema, results_schema
    from slacheck.spec.schema import schema as schema_of

    own = {"results": results_schema, "attestation": attestation_schema}
    found = own[name]() if name in own else schema_of(name)
    echo_json(json.dumps(found, indent=2, ensure_ascii=False))


@click.command()
@click.argument("name", required=False)
def kinds(name: str | None) -> None:
    """The requirement kinds; with a NAME, its manual page."""
    from slacheck.cli.tables import kinds_table, manual_page
    from slacheck.spec.plugins import all_kinds

    click.echo(kinds_table(all_kinds()) if name is None else manual_page(all_kinds(), name))


@click.command()
@click.argument("capture", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def inspect(capture: Path, form: str) -> None:
    """Channels, units, rate and gaps of a capture, and what it can carry."""
    import json

    from slacheck.capture.inspect import describe
    from slacheck.capture.load import open_capture
    from slacheck.cli.tables import capture_table

    with open_capture(capture) as opened:
        found = describe(opened)
    if form == "json":
        echo_json(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        click.echo(capture_table(found))
