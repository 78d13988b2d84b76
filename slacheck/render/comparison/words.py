"""What a comparison says in words: who a pack is, and how its numbers stand to those of the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from slacheck.contract import WORST_FIRST
from slacheck.render.numbers import in_unit, numbers_of, with_unit
from slacheck.submission.comparison import Clause, Comparison, Pair, Row, Side
from slacheck.submission.relation import Reading, Relation

RULE = (
    "Two values differ beyond uncertainty when |a - b| > sqrt(Ua² + Ub²), where both are symmetric (U expanded with "
    "one coverage factor, the two taken as independent), and else when their intervals are disjoint. Nothing is told "
    "of a value that a closed gate or the decision rule `simple` makes uncertain, and nothing is compared where "
    "definition, limit or decision rule are not the same."
)
_MOST_PAIRS = 6
"""No more are named one by one."""
CREDIT = "All packs are intact and decided as their own numbers demand; who signed them is not checked here."


def parties(side: Side) -> str:
    """`Example Power, vendor-b-2026-11`, as far as it is known."""
    submission = side.pack.results["submission"] or {}
    return ", ".join(text for text in (side.supplier, str(submission.get("id", ""))) if text)


def spec_name(side: Side) -> str:
    """`hall-a-power 2.0`."""
    spec = side.pack.results["spec"]
    return f"{spec['id']} {spec['version']}" if spec["version"] else str(spec["id"])


def counts(side: Side) -> str:
    """`2 FAIL, 10 PASS`: findings by verdict."""
    found = Counter(finding["verdict"] for finding in side.pack.results["findings"])
    return ", ".join(f"{found[verdict]} {verdict}" for verdict in WORST_FIRST if found[verdict])


def nearest_limit(side: Side) -> str:
    """`OSC-2 bands[0] -31.2 %`: the check that decided; "" if there is none."""
    if side.worst is None:
        return ""
    check = side.worst.check
    numbers = numbers_of(check)
    return " ".join(
        text for text in (side.worst.finding["requirement"], check["name"], numbers.percent or numbers.margin) if text
    )


def letters(comparison: Comparison, indices: Iterable[int]) -> str:
    """`A, C`."""
    return ", ".join(comparison.sides[index].letter for index in indices)


def shared(comparison: Comparison) -> Iterator[str]:
    """`A and B rest on the same 2 recordings, SHA-256 570b35938d0718e2, ...`, one for each set of packs."""
    groups: dict[tuple[int, ...], list[str]] = {}
    for digest, sides in comparison.shared:
        groups.setdefault(sides, []).append(digest)
    for sides, digests in groups.items():
        number = "one recording" if len(digests) == 1 else f"the same {len(digests)} recordings"
        yield f"{letters(comparison, sides)} rest on {number}, SHA-256 {', '.join(digest[:16] for digest in digests)}"


def standings(comparison: Comparison, row: Row) -> Iterator[tuple[str, str]]:
    """How the readings of a check stand to one another: outcome and sentence, what matters most first."""
    names = [side.letter for side in comparison.sides]
    present = [pair for pair in row.pairs if row.readings[pair.first] and row.readings[pair.second]]
    beyond = [pair for pair in present if pair.relation.outcome == "beyond"]
    if beyond and len(names) == 2:
        yield "beyond", f"differ beyond uncertainty{_apart(row, beyond[0], ' by ')}"
    elif beyond:
        furthest = max(beyond, key=lambda pair: abs(pair.relation.difference or 0.0))
        shown = beyond if len(beyond) <= _MOST_PAIRS else [furthest]
        told = "; ".join(_pair(names, pair) + _apart(row, pair, " by ") for pair in shown)
        many = "" if shown is beyond else f" {len(beyond)} of {len(present)} pairs, furthest"
        yield "beyond", f"differ beyond uncertainty:{many} {told}"
    for outcome, phrase in (("not_compared", "not compared"), ("cannot_tell", "cannot tell")):
        reasons = dict.fromkeys(pair.relation.why for pair in present if pair.relation.outcome == outcome)
        for why in reasons:
            pairs = [pair for pair in present if (pair.relation.outcome, pair.relation.why) == (outcome, why)]
            listed = ", ".join(_pair(names, pair) for pair in pairs[:_MOST_PAIRS])
            listed = listed if len(pairs) <= _MOST_PAIRS else f"{len(pairs)} of {len(present)} pairs"
            who = "" if len(names) == 2 else f", {listed}"
            yield outcome, f"{phrase}{who}: {why}"
    absent = [name for name, reading in zip(names, row.readings, strict=True) if reading is None]
    if absent:
        yield "not_compared", f"no such check in {', '.join(absent)}"
    if present and all(pair.relation.outcome == "same" for pair in present):
        yield "same", "the same numbers"
    elif present and all(pair.relation.outcome in ("within", "same") for pair in present):
        yield "within", "no difference beyond uncertainty"


def _pair(names: list[str], pair: Pair) -> str:
    return f"{names[pair.first]} and {names[pair.second]}"


def _apart(row: Row, pair: Pair, before: str) -> str:
    reading = row.readings[pair.first]
    return "" if reading is None else apart(reading, pair.relation, before)


def apart(reading: Reading, found: Relation, before: str) -> str:
    """` by 19.1 ms (U 0.6 ms)`, in the unit of a reading; "" where the distance is not known."""
    if found.difference is None:
        return ""
    unit = reading.check["display_unit"]
    distance = before + with_unit(f"{in_unit(abs(found.difference), unit):.3g}", unit)
    if found.uncertainty is None:
        return distance
    return f"{distance} (U {with_unit(f'{in_unit(found.uncertainty, unit):.2g}', unit)})"


def differs(clause: Clause) -> bool:
    """Whether anything of a clause is not alike: a verdict, a number, or the question itself."""
    told = {pair.relation.outcome for row in clause.rows for pair in row.pairs}
    return len(set(clause.verdicts)) > 1 or bool(told & {"beyond", "not_compared"})


def agreed_limit(row: Row) -> Reading | None:
    """A reading with the limit that all readings of a row have; None if they have different ones."""
    there = [reading for reading in row.readings if reading is not None]
    asked = (there[0].check["limit"], there[0].check["display_unit"])
    return there[0] if all((one.check["limit"], one.check["display_unit"]) == asked for one in there) else None
