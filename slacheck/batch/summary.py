"""What a batch found, on one screen, from its table alone."""

from __future__ import annotations

import heapq
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator

from slacheck.batch.conduct import EXIT_CODES
from slacheck.batch.table import BAD_INPUT, Row
from slacheck.errors import printable

_SHOWN = 10
_VERDICTS = ("ERROR", "FAIL", "INCONCLUSIVE", "PASS", "NOT_APPLICABLE")


class Summary:
    """Takes the rows of a table one by one; memory does not grow with them."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self._clauses: dict[tuple[str, str, str], Counter[str]] = {}
        self._worst: list[tuple[float, int, Row]] = []
        self._lost: list[Row] = []
        self._reasons: Counter[str] = Counter()
        self._last: str | None = None
        self._rows = 0

    def take(self, row: Row) -> None:
        """The next row."""
        self._rows += 1
        if row["submission"] != self._last:
            self._last = row["submission"]
            self.outcomes[row["outcome"]] += 1
        if row["requirement"] is None:
            if len(self._lost) < _SHOWN:
                self._lost.append(row)
            return
        clause = (row["spec"], row["requirement"], row["check"] or "")
        self._clauses.setdefault(clause, Counter())[row["verdict"]] += 1
        if row["verdict"] == "INCONCLUSIVE":
            self._reasons.update(str(row["reasons"]).split())
        if row["margin_percent"] is not None and row["verdict"] in ("PASS", "FAIL"):
            # a heap of the smallest margins; earlier rows win a tie
            entry = (-row["margin_percent"], -self._rows, row)
            (heapq.heappush if len(self._worst) < _SHOWN else heapq.heappushpop)(self._worst, entry)

    def text(self) -> str:
        """The summary, in lines of at most 100 columns or so."""
        return "\n".join(
            [*self._outcomes(), *self._clause_lines(), *self._margins(), *self._why(), *self._lost_lines()]
        )

    def _outcomes(self) -> Iterator[str]:
        total = sum(self.outcomes.values())
        shown = ", ".join(f"{self.outcomes[o]} {o}" for o in EXIT_CODES if self.outcomes[o])
        yield f"{total} result{'' if total == 1 else 's'}: {shown}"

    def _clause_lines(self) -> Iterator[str]:
        if not self._clauses:
            return
        names = [f"{requirement} {check}".rstrip() for _, requirement, check in self._clauses]
        several = len({spec for spec, _, _ in self._clauses}) > 1
        if several:
            names = [f"{spec} {name}" for (spec, _, _), name in zip(self._clauses, names, strict=True)]
        used = [v for v in _VERDICTS if any(counts[v] for counts in self._clauses.values())]
        width = min(max(map(len, names)), 50)
        yield ""
        yield "".join([f"{'check':<{width}}", *(f"  {verdict:>{max(6, len(verdict))}}" for verdict in used)])
        for name, counts in zip(names, self._clauses.values(), strict=True):
            cells = (f"  {counts[v] or '':>{max(6, len(v))}}" for v in used)
            label = textwrap.shorten(printable(name), width, placeholder="...")
            yield f"{label:<{width}}{''.join(cells)}".rstrip()

    def _margins(self) -> Iterator[str]:
        if not self._worst:
            return
        yield from ("", "smallest margins, in % of the limit")
        for _, _, row in sorted(self._worst, key=lambda entry: entry[:2], reverse=True):
            name = f"{row['requirement']} {row['check']}".rstrip()
            yield printable(f"{row['verdict']:<5} {row['margin_percent']:>9.2f} %  {name}  {row['submission']}")

    def _why(self) -> Iterator[str]:
        if self._reasons:
            yield from ("", "why INCONCLUSIVE: " + ", ".join(f"{n} {code}" for code, n in self._reasons.most_common()))

    def _lost_lines(self) -> Iterator[str]:
        if not self._lost:
            return
        yield from ("", "without a verdict")
        for row in self._lost:
            yield printable(f"{row['outcome']}  {row['submission']}")
            yield from (f"    {printable(line)}" for line in str(row["message"]).splitlines()[:3])
        more = self.outcomes[BAD_INPUT] + self.outcomes["ERROR"] - len(self._lost)
        if more > 0:
            yield f"and {more} more; the table has them all"


def summarise(rows: Iterable[Row]) -> Summary:
    """Take all rows of a table."""
    summary = Summary()
    for row in rows:
        summary.take(row)
    return summary
