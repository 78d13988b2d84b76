"""`slacheck compare` and `slacheck diff`: what two or more packs, or two specs, have in common and what not."""

from __future__ import annotations

from pathlib import Path

import click

from slacheck.cli.output import echo_json, refuse_output, style
from slacheck.errors import Diagnostic, UsageError, printable

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("packs", metavar="PACK.zip...", nargs=-1, required=True, type=FILE)
@click.option("-o", "output", metavar="OUT", type=FILE, help="Write out.html or out.csv instead of the terminal.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def compare(packs: tuple[Path, ...], output: Path | None, form: str) -> None:
    """Suppliers or runs side by side, clause by clause, in the order given.

    Every pack is verified before its numbers are used. Exit codes: 0 compared, whatever the verdicts; 2 a pack
    cannot be opened or does not verify.

    \b
    slacheck compare vendor-a.zip vendor-b.zip
    slacheck compare run-*.zip -o runs.html
    """  # noqa: D301 - click ends a paragraph at the backspace
    from slacheck.evidence.atomic import write_whole
    from slacheck.render.comparison import csv, html, json, text
    from slacheck.render.retold import retold
    from slacheck.submission.comparison import compare as compared

    refuse_output(output, (".html", ".csv"), packs)
    comparison = compared(packs, retold)
    if output is not None:
        render = html.render if output.suffix.lower() == ".html" else csv.render
        write_whole(output, [render(comparison).encode()])
        click.echo(f"wrote {output}", err=True)
    if form == "json":
        echo_json(json.render(comparison))
    elif output is None:
        click.echo(text.render(comparison, **style()), nl=False)


@click.command()
@click.argument("old", metavar="A", type=FILE)
@click.argument("new", metavar="B", type=FILE)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def diff(ctx: click.Context, old: Path, new: Path, form: str) -> None:
    """Two specs in meaning, or two packs: what was tightened, loosened, defined, recorded or found otherwise.

    Layout, comments, order, units of writing and defaults that are spelled out are no difference. Words (titles,
    notes, parties) and the versions of programs are listed, and change no exit code.

    Exit codes: 0 the same in meaning, 1 not the same, 2 bad input.
    """
    are_packs = [is_pack(path) for path in (old, new)]
    if are_packs[0] != are_packs[1]:
        pack, spec = (old, new) if are_packs[0] else (new, old)
        message = f"this is a pack, and {str(spec)!r} is not"
        raise UsageError(Diagnostic(str(pack), message, fix="compare two packs, or two specs"))
    is_same, shown = (_packs if are_packs[0] else _specs)(old, new, form)
    if form == "json":
        echo_json(shown)
    else:
        click.echo(shown, nl=False)
    ctx.exit(0 if is_same else 1)


def is_pack(path: Path) -> bool:
    """Whether a file begins as a zip does."""
    try:
        with path.open("rb") as file:
            return file.read(2) == b"PK"
    except OSError:
        return False


def _specs(old: Path, new: Path, form: str) -> tuple[bool, str]:
    from slacheck.render.difference import specs_json, specs_text
    from slacheck.spec.difference import difference, means_the_same
    from slacheck.spec.load import load_spec

    specs = load_spec(old), load_spec(new)
    differences = difference(*specs)
    if form == "json":
        names = printable(old.name), printable(new.name)
        return means_the_same(differences), specs_json(specs, names, differences)
    return means_the_same(differences), specs_text((str(old), str(new)), differences, width=style()["width"])


def _packs(old: Path, new: Path, form: str) -> tuple[bool, str]:
    from slacheck.evidence.verified import read_verified
    from slacheck.render.pack_difference import packs_json, packs_text
    from slacheck.render.retold import retold
    from slacheck.submission.pack_difference import pack_difference

    found = pack_difference(read_verified(old, retold), read_verified(new, retold))
    return found.is_same, packs_json(found) if form == "json" else packs_text(found, width=style()["width"])
