"""Signatures and time stamps as a report shows them: verified where keys and authorities were given, else named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from slacheck.errors import printable
from slacheck.evidence import signatures as evidence
from slacheck.evidence.timestamp import Authorities, Stamp


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature over the statement of a pack.

    Parameters
    ----------
    key : str
        Id of the key that the envelope names.
    state : str
        What is known of it, as a phrase: "not checked here".
    """

    key: str
    state: str = "not checked here: slacheck verify --key says whose it is"


def shown(found: Sequence[evidence.Signature]) -> tuple[Signature, ...]:
    """The signatures of a pack that verifies, in their order."""
    return tuple(Signature(one.keyid) if one.name is None else Signature(one.keyid, _state(one.name)) for one in found)


def shown_stamps(found: Sequence[Stamp], authorities: Authorities | None) -> tuple[str, ...]:
    """The time stamps of a pack that verifies, in words."""
    if authorities is None:
        return ("there, not checked here: slacheck verify --timestamp-ca says whose it is",) * len(found)
    return tuple(f"{stamp.time} by {printable(stamp.authority or '')}, {_state(authorities.name)}" for stamp in found)


def _state(name: str) -> str:
    """The file of the key or certificates without its folder: a report names no place on the machine that made it."""
    return f"verified with {printable(Path(name).name)}"
