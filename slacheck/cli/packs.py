"""The verbs for evidence packs: `verify`, `report`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from slacheck.cli.output import echo_json, refuse_output
from slacheck.cli.sign import opened_key, trust_of

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("pack", metavar="PACK.zip", type=FILE)
@click.argument("captures", metavar="[CAPTURE]...", nargs=-1, type=FILE)
@click.option("--key", "keys", metavar="PUB", multiple=True, type=FILE, help="Public key that must have signed it.")
@click.option("--require", metavar="N", type=click.IntRange(min=1), help="Of the keys given, N are enough.")
@click.option("--recompute", is_flag=True, help="Measure again: from CAPTURE..., or from what the pack embeds.")
@click.option("--timestamp-ca", metavar="CA.pem", type=FILE, help="Time-stamping authority that must have stamped it.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def verify(
    ctx: click.Context,
    pack: Path,
    captures: tuple[Path, ...],
    keys: tuple[Path, ...],
    require: int | None,
    recompute: bool,
    timestamp_ca: Path | None,
    form: str,
) -> None:
    """Check digests and layout of a pack, decide every check again from what it records, and check who signed it.

    With --recompute the captures are measured again: the same versions must give the same bytes, other
    versions the same verdicts and values within the uncertainty.

    Exit codes: 0 verified, 1 something is wrong inside or not signed as asked, 2 a file cannot be opened.
    """
    from slacheck.errors import printable
    from slacheck.evidence.archive import read_bytes, unzipped
    from slacheck.evidence.verify import verify_bytes
    from slacheck.render.retold import retold
    from slacheck.render.verification import render

    if captures and not recompute:
        raise click.UsageError("captures are named for --recompute", ctx)
    trust, raw = trust_of(keys, require, timestamp_ca), read_bytes(pack)
    report = verify_bytes(raw, trust, retold)
    if form == "text":
        for line in report.lines:
            click.echo(printable(line))
    again = _again(pack, captures) if recompute and report.ok else None
    if form == "json":
        echo_json(render(report, unzipped(raw) if report.ok else None, again))
    elif again is not None:
        for line in again["lines"]:
            click.echo(printable(line))
    ctx.exit(0 if report.ok and (again is None or again["confirmed"]) else 1)


def _again(pack: Path, captures: tuple[Path, ...]) -> dict[str, Any]:
    """What measuring a pack again gave, as data and in lines."""
    from slacheck.recompute import recompute, told

    found = recompute(pack, captures)
    outcome = "confirmed by measuring again" if found.ok else "NOT CONFIRMED by measuring again"
    return {"confirmed": found.ok, "identical": found.identical, "lines": [*told(found), outcome]}


@click.command()
@click.argument("pack", metavar="PACK.zip", type=FILE)
@click.option(
    "-o",
    "output",
    metavar="FILE",
    required=True,
    type=FILE,
    help="report.html, .pdf, .xml (JUnit), or .json (in-toto).",
)
@click.option("--key", "keys", metavar="PUB", multiple=True, type=FILE, help="Public key that must have signed it.")
@click.option("--timestamp-ca", metavar="CA.pem", type=FILE, help="Time-stamping authority that must have stamped it.")
@click.option("--sign", metavar="KEY", type=FILE, help="Sign report.json: a DSSE envelope in place of the statement.")
@click.pass_context
def report(
    ctx: click.Context,
    pack: Path,
    output: Path,
    keys: tuple[Path, ...],
    timestamp_ca: Path | None,
    sign: Path | None,
) -> None:
    """Render a report from a pack alone, with its signatures and time stamps.

    report.json is an in-toto statement with the test-result predicate, for policy engines.
    """
    from slacheck.evidence.atomic import write_whole
    from slacheck.evidence.sign import enveloped
    from slacheck.render.from_pack import RENDERERS, rendered
    from slacheck.render.retold import retold

    refuse_output(output, tuple(RENDERERS), (pack, *keys, *(one for one in (sign, timestamp_ca) if one is not None)))
    if sign is not None and output.suffix.lower() != ".json":
        raise click.UsageError("--sign signs an in-toto statement; name it with -o FILE.json", ctx)
    key = None if sign is None else opened_key(sign)
    content = rendered(pack, output.suffix.lower(), trust_of(keys, None, timestamp_ca), retold)
    write_whole(output, [content if key is None else enveloped(content, key)])
    click.echo(f"wrote {output}", err=True)
