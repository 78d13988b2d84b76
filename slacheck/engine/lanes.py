"""Meters on their way through a record: one alone, or several behind a stage that they share."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from slacheck.contract import Block, Meter, Stage, StagedMeter


@dataclass(slots=True)
class Lane:
    """Meters that see everything one after the other, in the order of the record.

    Parameters
    ----------
    stage : Stage, optional
        What stands between the blocks and the meters.
    takers : dict of Hashable to callable
        By the key of its meter, what takes a block or what the stage gives.
    """

    stage: Stage | None
    takers: dict[Hashable, Callable[[Any], None]]
    failures: dict[Hashable, str] = field(default_factory=dict)
    """Tracebacks of meters that have failed; they take no more."""

    def push(self, blocks: Sequence[Block]) -> None:
        """Take the next blocks."""
        self._give(blocks if self.stage is None else chain.from_iterable(map(self.stage.push, blocks)))

    def finish(self) -> None:
        """No more blocks come."""
        if self.stage is not None:
            self._give(self.stage.finish())

    def _give(self, given: Iterable[Any]) -> None:
        try:
            for one in given:
                for key, take in self.takers.items():
                    if key not in self.failures:
                        self._try(key, take, one)
        except Exception:  # a bug of a stage ends what hangs on it, and nothing else
            self.failures = dict.fromkeys(self.takers, traceback.format_exc()) | self.failures

    def _try(self, key: Hashable, take: Callable[[Any], None], one: Any) -> None:
        try:
            take(one)
        except Exception:  # a bug of one meter must not take the others with it
            self.failures[key] = traceback.format_exc()


def lanes_of(meters: dict[Hashable, Meter]) -> list[Lane]:
    """Lanes for the meters of one signal; meters whose stages are equal get one between them."""
    lanes: list[Lane] = []
    stages: dict[Hashable, Stage] = {}
    for key, meter in meters.items():
        if not isinstance(meter, StagedMeter):
            lanes.append(Lane(None, {key: meter.update}))
            continue
        stage = stages.setdefault(meter.stage.key, meter.stage)
        if stage is meter.stage:
            lanes.append(Lane(stage, {}))
        meter.stage = stage
        next(lane for lane in lanes if lane.stage is stage).takers[key] = meter.take
    return lanes
