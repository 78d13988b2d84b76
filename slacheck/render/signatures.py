"""Signatures as a report shows them. A report names them; `slacheck verify --key` checks them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from slacheck.evidence.pack import STATEMENT


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


def signatures_of(members: Mapping[str, bytes]) -> tuple[Signature, ...]:
    """The signatures in a pack's DSSE envelope, in its order; none for a pack without a statement.

    Raises
    ------
    ValueError
        If there is a statement that is no envelope.
    """
    if STATEMENT not in members:
        return ()
    try:
        entries = json.loads(members[STATEMENT])["signatures"]
        return tuple(Signature(str(entry.get("keyid") or "a key without a name")) for entry in entries)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{STATEMENT} is not a DSSE envelope") from error
