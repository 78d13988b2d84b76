"""The verbs for signatures: `keygen`, `sign`; and the keys that other verbs are given."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from slacheck.evidence.keys import PrivateKey, PublicKey
    from slacheck.evidence.signatures import Trust

FILE = click.Path(path_type=Path)


def opened_key(path: Path) -> PrivateKey:
    """The private key in a file; its passphrase from the environment, else asked for on a terminal."""
    from slacheck.evidence.keys import PASSPHRASE, read_private

    def ask() -> str | None:
        given = os.environ.get(PASSPHRASE)
        if given is not None or not sys.stdin.isatty():
            return given
        return str(click.prompt(f"passphrase of {path}", hide_input=True, err=True))

    return read_private(path, ask)


def trust_of(keys: tuple[Path, ...], least: int | None, authorities: Path | None) -> Trust:
    """What `verify` holds a pack's signatures against.

    Raises
    ------
    SlacheckError
        If a file cannot be used, two hold one key, or more signers are required than keys given.
    """
    from slacheck.errors import Diagnostic, UsageError
    from slacheck.evidence.keys import read_public
    from slacheck.evidence.signatures import Trust
    from slacheck.evidence.timestamp import read_authorities

    if least is not None and least > len(keys):
        message = f"{least} signers cannot be found with {len(keys)} key{'' if len(keys) == 1 else 's'}"
        raise UsageError(Diagnostic("--require", message, fix="give the public key of each signer with --key"))
    found: dict[str, PublicKey] = {}
    for path in keys:
        key = read_public(path)
        if key.keyid in found:
            raise UsageError(Diagnostic(str(path), f"this is the key of {found[key.keyid].name} once more"))
        found[key.keyid] = key
    return Trust(tuple(found.values()), least, None if authorities is None else read_authorities(authorities))


@click.command()
@click.argument("name", type=FILE)
@click.option("--pem", is_flag=True, help="Write PEM, not OpenSSH's own form.")
@click.option("--passphrase", is_flag=True, help="Protect the private key; SLACHECK_PASSPHRASE, or asked for.")
def keygen(name: Path, pem: bool, passphrase: bool) -> None:
    """Make an Ed25519 key: NAME to sign with, which you keep, and NAME.pub to give away."""
    from slacheck.errors import printable
    from slacheck.evidence.keys import make_pair

    key = make_pair(name, pem=pem, passphrase=_new_passphrase() if passphrase else None)
    click.echo(f"wrote {printable(str(name))} (keep it) and {printable(key.name)} (give it away)", err=True)
    click.echo(key.keyid)


def _new_passphrase() -> str:
    from slacheck.errors import Diagnostic, UsageError
    from slacheck.evidence.keys import PASSPHRASE

    given = os.environ.get(PASSPHRASE)
    if given is None and sys.stdin.isatty():
        given = str(click.prompt("passphrase", hide_input=True, confirmation_prompt=True, err=True))
    if not given:
        fix = f"set the environment variable {PASSPHRASE}, or run on a terminal"
        raise UsageError(Diagnostic("--passphrase", "there is none, and no terminal to ask for one on", fix=fix))
    return given


@click.command()
@click.argument("pack", metavar="PACK.zip", type=FILE)
@click.option("--key", metavar="KEY", type=FILE, help="Private key, OpenSSH or PEM.")
@click.option("--timestamp", metavar="FILE.tsr", type=FILE, help="Embed an RFC 3161 response over the statement.")
@click.pass_context
def sign(ctx: click.Context, pack: Path, key: Path | None, timestamp: Path | None) -> None:
    """Add a signature to a pack that verifies; earlier ones stay valid.

    \b
    slacheck sign evidence.zip --key supplier
    slacheck sign evidence.zip --timestamp statement.tsr
    """  # noqa: D301 - click ends a paragraph at the backspace
    from slacheck.errors import printable
    from slacheck.evidence.sign import sign_pack

    if key is None and timestamp is None:
        raise click.UsageError("nothing to add; give --key KEY, --timestamp FILE.tsr, or both", ctx)
    signer = None if key is None else opened_key(key)
    changed = sign_pack(pack, signer, timestamp)
    by = "" if signer is None else f" by {signer.public.keyid}"
    shown = printable(str(pack))
    click.echo(f"signed {shown}{by}" if changed and signer else _quiet_outcome(shown, by, changed), err=True)


def _quiet_outcome(pack: str, by: str, changed: bool) -> str:
    return f"stamped {pack}" if changed else f"{pack} was already signed{by} and is as it was"
