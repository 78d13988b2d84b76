"""A sum of many spectra in a fixed order of pairs, so that pieces of a record add up to the same bits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slacheck.contract import Samples


@dataclass(slots=True)
class TreeSum:
    """Sum of terms 0, 1, 2, ...: terms 2k and 2k + 1 first, then what those gave, and so on.

    Which terms are added to which is a matter of their numbers alone, so a run of terms that begins anywhere can be
    summed by itself. The memory is that of two terms for each doubling of their number; the error grows with the
    logarithm of the number (pairwise summation; Higham 2002, section 4.2).

    Parameters
    ----------
    next : int
        Number of the next term.
    """

    next: int = 0
    _nodes: list[tuple[int, int, Samples]] = field(default_factory=list)
    """First term, number of terms (a power of two) and sum of each part, one after another."""

    def add(self, term: Samples) -> None:
        """Take the next term, any shape."""
        self._nodes.append((self.next, 1, term))
        self.next += 1
        self._pair(self._nodes)

    def merge(self, earlier: TreeSum) -> None:
        """Take over the terms before these."""
        nodes: list[tuple[int, int, Samples]] = []
        for node in (*earlier._nodes, *self._nodes):
            nodes.append(node)
            self._pair(nodes)
        self._nodes = nodes

    def total(self) -> Samples | None:
        """The sum, the last parts first; None without a term."""
        total: Samples | None = None
        for _, _, part in reversed(self._nodes):
            total = part if total is None else part + total
        return total

    @staticmethod
    def _pair(nodes: list[tuple[int, int, Samples]]) -> None:
        """Add up neighbours at the end for as long as they belong together."""
        while len(nodes) > 1:
            (first, count, left), (_, other, right) = nodes[-2:]
            if count != other or first % (2 * count):
                return
            nodes[-2:] = [(first, 2 * count, left + right)]
