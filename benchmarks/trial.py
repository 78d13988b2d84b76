"""One record, from its seed to what slacheck made of it."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

import slacheck
from benchmarks.cells import CELLS, Cell, Line, record
from benchmarks.scenarios.scenario import Check, Drawn, Scenario
from slacheck.capture.capture import Capture

Row = dict[str, Any]
_NEAREST, _FARTHEST = 1e-3, 0.2
"""Between what relative distances from the truth the limit of a run is drawn, evenly on a log scale."""


def cells_of(scenario: Scenario) -> tuple[Cell, ...]:
    """The cells that a scenario has records for."""
    return tuple(cell for cell in CELLS if cell.shape in scenario.shapes)


def generator(seed: int, scenario: str, cell: str, index: int) -> np.random.Generator:
    """A generator of its own for each record, whatever is run before it."""
    key = (zlib.crc32(scenario.encode()), zlib.crc32(cell.encode()), index)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def run(seed: int, scenario: Scenario, cell: Cell, index: int) -> Row:
    """Draw a record, check it through the public interface, and keep what a decision rests on."""
    rng = generator(seed, scenario.name, cell.name, index)
    drawn = scenario.draw(rng, cell.shape)
    limits = {name: _limit(drawn.truth[name], rng) for name in drawn.truth}
    taken = record(cell, drawn, rng)
    spec = _spec(scenario, cell, drawn, limits)
    capture = Capture.from_arrays(taken.channels, t=taken.times, **taken.known)
    finding = slacheck.check(spec, [capture]).findings[0]
    if finding["verdict"] == "ERROR":
        raise RuntimeError(f"{scenario.name} {cell.name} {index}: {finding['error']}")
    return {"i": index, "checks": dict(_kept(scenario, drawn, finding))}


def _limit(truth: float, rng: np.random.Generator) -> float:
    distance = _NEAREST * (_FARTHEST / _NEAREST) ** rng.uniform()
    return float(truth * (1.0 + distance * rng.choice([-1.0, 1.0])))


def _spec(scenario: Scenario, cell: Cell, drawn: Drawn, limits: dict[str, float]) -> dict[str, Any]:
    texts = {name: _text(limits[name], scenario.checks[name]) for name in limits}
    signals = {name: {**about} for name, about in scenario.signals.items()}
    for name, line in drawn.lines.items():
        signals[name]["accuracy"] = _accuracy(cell, line)
    requirement = {"id": "A", **drawn.spec(texts)}
    return {"slacheck": 1, "id": scenario.name.replace("_", "-"), "signals": signals, "requirements": [requirement]}


def _accuracy(cell: Cell, line: Line) -> dict[str, str]:
    reading = {"reading": f"{100.0 * cell.accuracy!r} %"}
    if not cell.offset:
        return reading
    return reading | {"range": f"{100.0 * cell.offset!r} %", "full_scale": f"{line.scale!r} {line.unit}"}


def _text(limit: float, check: Check) -> str:
    return f"{100.0 * limit!r} %" if check.unit == "%" else f"{limit!r} {check.unit}"


def _kept(scenario: Scenario, drawn: Drawn, finding: Row) -> Iterator[tuple[str, Row]]:
    """By check: truth, value, interval, what is censored, closed gates, verdict and limit."""
    for check in finding["checks"]:
        name = check["name"]
        if name not in drawn.truth:
            continue
        measured, side = check["measured"], scenario.checks[name].side
        yield (
            name,
            {
                "truth": drawn.truth[name],
                "value": measured["value"],
                "interval": measured["interval"],
                "censored": measured["censored"],
                "closed": [[gate["code"], gate["effect"]] for gate in check["gates"] if not gate["passed"]],
                "verdict": check["verdict"],
                "limit": check["limit"][side],
            },
        )
