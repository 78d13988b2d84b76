"""What every kind must keep, as a suite that the author of a kind runs.

>>> from slacheck.testing.conformance import KindConformance
>>> class TestDrift(KindConformance):                              # doctest: +SKIP
...     kind = KIND
...     spec = "specs/drift.yaml"
...     capture = "fixtures/drift.csv"
...     truth = {"drift": 0.25}

pytest collects its `test_...` methods; each raises AssertionError with a sentence that says what was
broken. The kind need not be installed.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from slacheck import api
from slacheck.capture.capture import Capture, Channel
from slacheck.contract import Block, Kind, Meter, MeterPlan
from slacheck.engine.binding import Binding
from slacheck.engine.pieces import is_even, merged
from slacheck.errors import SlacheckError, SpecError
from slacheck.evidence.schema import results_schema, schema_faults
from slacheck.portion import Dissected, measure_portion
from slacheck.spec.load import load_spec
from slacheck.spec.model import Spec

_FROZEN_ID = re.compile(r"[a-z][a-z0-9_]*/[A-Za-z0-9_]+@[1-9][0-9]*")
_SAME = 1e-6
"""Share of the interval's width, or of the value, by which two ways to the same number may differ."""
_CUT = 997
"""Longest block that a meter is fed when blocks are cut: a prime, so that no window ends with one. [samples]"""


class KindConformance:
    """Derive from it, and set the four attributes.

    Attributes
    ----------
    kind : Kind
        The kind.
    spec : path or mapping
        An example: a spec with at least one requirement of the kind, and of no other kind.
    capture : path or Capture
        A recording that meets the example with the verdict `verdict`.
    truth : mapping of str to float
        What is true of the recording, by check; the measured interval must hold it. [SI unit of the check]
    verdict : str
        PASS, unless the recording shows something else.
    """

    kind: ClassVar[Kind[Any]]
    spec: ClassVar[Path | str | Mapping[str, Any]]
    capture: ClassVar[Path | str | Capture]
    truth: ClassVar[Mapping[str, float]] = {}
    verdict: ClassVar[str] = "PASS"

    def test_manual_page_shows_how_to_write_it(self) -> None:
        """The manual page is there, with an example."""
        _require(f"kind: {self.kind.name}" in self.kind.manual, f"the manual page shows no `kind: {self.kind.name}`")

    def test_example_is_valid_and_can_be_said_in_a_sentence(self) -> None:
        """The example lints, is of this kind, and every clause is a sentence."""
        spec = self._spec()
        for requirement in spec.requirements:
            _require(requirement.kind == self.kind.name, f"the example has a requirement of kind {requirement.kind}")
            _require(bool(self.kind.sentence(requirement, spec.signals).strip()), f"{requirement.id} has no sentence")

    def test_checks_are_known_from_the_spec_alone(self) -> None:
        """There are some, of different names, the same each time, and their definitions carry frozen ids."""
        for requirement in self._spec().requirements:
            plans = [self.kind.checks(requirement, self._spec().signals) for _ in range(2)]
            _require(plans[0] == plans[1], f"the checks of {requirement.id} differ from one call to the next")
            for plan in plans[0]:
                form = f"the definition id {plan.definition.id!r} of {plan.name} is not like `rise_time/10_90@1`"
                _require(_FROZEN_ID.fullmatch(plan.definition.id) is not None, form)
                _require(bool(plan.definition.text.strip()), f"the definition of {plan.name} says nothing")

    def test_capture_gives_the_verdict_and_the_truth(self) -> None:
        """Every check stands in a valid results document, and its interval holds the truth."""
        document = self._results()
        faults = schema_faults(document, results_schema())
        _require(not faults, f"the results document is not valid: {faults}")
        errors = [finding["error"] for finding in document["findings"] if "error" in finding]
        _require(not errors, f"the kind raised: {errors}")
        _require(document["verdict"] == self.verdict, f"{document['verdict']} instead of {self.verdict}")
        found = {check["name"] for finding in document["findings"] for check in finding["checks"]}
        for requirement in self._spec().requirements:
            names = {plan.name for plan in self.kind.checks(requirement, self._spec().signals)}
            _require(names <= found, f"not in the results: {sorted(names - found)}")
        for name, value in self.truth.items():
            _require(name in found, f"there is no check {name!r} to hold the truth against")
            for check in (c for f in document["findings"] for c in f["checks"] if c["name"] == name):
                low, high = check["measured"]["interval"]
                inside = (low is None or low <= value) and (high is None or value <= high)
                measured = check["measured"]["value"] is not None
                _require(measured and inside, f"{name}: {value!r} is true, measured {check['measured']}")

    def test_results_are_the_same_bytes_again(self) -> None:
        """Nothing depends on the clock, on chance or on order."""
        _require(self._run(self._opened()).to_json() == self._run(self._opened()).to_json(), "two runs differ")

    def test_reading_does_not_depend_on_how_the_record_is_cut(self) -> None:
        """Meters fed short blocks give the same numbers."""
        cut = replace(self.kind, meters=_cutting(self.kind.meters))
        self._same(self._run(self._opened(), cut).to_dict(), "short blocks")

    def test_reading_does_not_depend_on_pieces_that_are_measured_apart(self) -> None:
        """Where meters are `contract.Divisible`, pieces of the recording put together give the same bits."""
        spec, capture = self._spec(), self._opened()
        whole = measure_portion(spec, Binding(capture), frozenset(one.id for one in spec.requirements))
        cut = Dissected(spec, Binding(capture))
        if not (cut.divisible and is_even(capture.clock)):
            return
        count = capture.clock.count
        edges = [0, *sorted({count // 3, count // 3 + 1, count - 1} - {0, count}), count]
        found = [cut.piece(bounds) for bounds in itertools.pairwise(edges)]
        pieces = [piece for piece in found if piece is not None]
        if len(pieces) < len(found):  # samples are missing
            return
        others = [cut.in_order(range(len(cut.ordered)))]
        same = cut.portion(merged(pieces), others).parts == whole.parts
        _require(same, "pieces of the recording, put together, give other numbers than the whole")

    def test_reading_does_not_depend_on_the_order_of_channels(self) -> None:
        """Channels in another order give the same numbers."""
        capture = self._opened()
        turned = replace(capture, channels=dict(reversed(list(capture.channels.items()))))
        self._same(self._run(turned).to_dict(), "channels in another order")

    def test_reading_does_not_depend_on_the_unit_of_the_channel(self) -> None:
        """The same recording in other units gives the same numbers."""
        capture = self._opened()
        channels = {name: _in_another_unit(channel, capture.clock.count) for name, channel in capture.channels.items()}
        self._same(self._run(replace(capture, channels=channels)).to_dict(), "channels in another unit")

    def test_nothing_recorded_never_passes(self) -> None:
        """A record without a number, of two samples or of none is refused or INCONCLUSIVE."""
        capture = self._opened()
        for count, blank in ((capture.clock.count, True), (2, False), (0, False)):
            what = "a record of gaps" if blank else f"a record of {count} samples"
            try:
                verdict = self._run(_emptied(capture, count, blank)).verdict
            except SlacheckError:
                continue
            _require(verdict == "INCONCLUSIVE", f"{what} is {verdict}")

    def _spec(self, kind: Kind[Any] | None = None) -> Spec:
        try:
            return load_spec(self.spec, kinds=[kind or self.kind])
        except SpecError as error:
            raise AssertionError(f"the example is not valid:\n{error}") from None

    def _opened(self) -> Capture:
        return self.capture if isinstance(self.capture, Capture) else api.open_capture(self.capture)

    def _run(self, capture: Capture, kind: Kind[Any] | None = None) -> api.Results:
        return api.check(self._spec(kind), capture)

    def _results(self) -> dict[str, Any]:
        return self._run(self._opened()).to_dict()

    def _same(self, found: dict[str, Any], what: str) -> None:
        """Verdicts, values and intervals are those of the recording as it is."""
        for one, other in zip(_numbers(self._results()), _numbers(found), strict=True):
            same = one[:2] == other[:2] and all(map(_close, one[2], other[2]))
            _require(same, f"{what}: {other} instead of {one}")


def _require(kept: bool, sentence: str) -> None:
    if not kept:
        raise AssertionError(sentence)


def _numbers(document: dict[str, Any]) -> list[tuple[str, str, list[float | None]]]:
    checks = [check for finding in document["findings"] for check in finding["checks"]]
    return [(c["name"], c["verdict"], [c["measured"]["value"], *c["measured"]["interval"]]) for c in checks]


def _close(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=_SAME, abs_tol=1e-9)


@dataclass(slots=True)
class _CutMeter:
    """A meter that is fed no more than `_CUT` samples at once."""

    meter: Meter

    def update(self, block: Block) -> None:
        for first in range(0, block.samples.shape[1], _CUT):
            self.meter.update(
                Block(
                    np.ascontiguousarray(block.samples[:, first : first + _CUT]),
                    block.segment,
                    block.start + first,
                    block.first_time + first * block.interval,
                    block.interval,
                )
            )

    def reading(self) -> Any:
        return self.meter.reading()


def _cutting(meters: Callable[..., tuple[MeterPlan, ...]]) -> Callable[..., tuple[MeterPlan, ...]]:
    def cut(plan: MeterPlan) -> MeterPlan:
        return replace(plan, build=lambda interval: _CutMeter(plan.build(interval)))

    return lambda requirement, signals: tuple(cut(plan) for plan in meters(requirement, signals))


def _in_another_unit(channel: Channel, count: int) -> Channel:
    """The same channel in its SI unit, or in thousands of it where it is in that already."""
    base = channel.base
    if base is None or channel.values is None or base in ("1", "%", "pu"):
        return channel
    thousands = channel.unit == base and base in ("V", "A", "W", "Hz")
    samples = channel.read(0, count)
    return replace(
        channel,
        values=samples / 1e3 if thousands else samples,
        unit=f"k{base}" if thousands else base,
        scale=1.0,
        offset=0.0,
        invalid=(),
    )


def _emptied(capture: Capture, count: int, blank: bool) -> Capture:
    names = [name for name, channel in capture.channels.items() if channel.base is not None]
    arrays = {name: capture.channels[name].read(0, count) for name in names}
    return Capture.from_arrays(
        {name: np.full(count, np.nan) if blank else samples for name, samples in arrays.items()},
        sample_rate=1.0 / capture.clock.interval,
        units={name: str(capture.channels[name].base) for name in names},
        anti_alias=True,
    )
