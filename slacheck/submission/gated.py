"""The gates that a spec puts before each check, looked for in the findings of a pack.

A verdict rests on what the record had to carry: a gate that is left out, or asks for less than the spec does, would
let a record pass that cannot. Nothing is measured: which gates there are follows from the spec, and whether a capture
has the signals at all from the results.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from slacheck import __version__
from slacheck.contract import CheckPlan, Effect, Need, leaves
from slacheck.kinds import NAMES
from slacheck.language import Requirement
from slacheck.quality.gates import FILTERED_RATIO, LEAST_GAIN, SAMPLES_PER_TIME_LIMIT, UNFILTERED_RATIO
from slacheck.spec.model import Spec

Results = dict[str, Any]
_SLACK = 1e-9
"""Relative."""
_UNMEASURED = {"no_capture", "channel_missing"}


class _Asked(NamedTuple):
    """A gate that must be there: its code, what it may require and do, and the side on which a record passes it."""

    code: str
    required: tuple[float, ...]
    effects: frozenset[Effect]
    is_most: bool = False


def gates_faults(spec: Spec, results: Results) -> Iterator[str]:
    """Gates that the spec asks for and the results lack, in lines for people.

    Only of kinds as they were when the pack was made: another version may have asked for others.
    """
    version = results["slacheck"]["version"]
    for name, provider in results["kinds"].items():
        if name in NAMES and provider != f"slacheck {version}":
            yield f"the kind {name} is of {provider} in the results, which slacheck {version} wrote"
    requirements = {
        requirement.id: requirement
        for requirement in spec.requirements
        if version == __version__ and results["kinds"].get(requirement.kind) == spec.kind(requirement).provider
    }
    captures = {capture["id"]: capture for capture in results["captures"]}
    for finding in results["findings"]:
        requirement = requirements.get(finding["requirement"])
        if requirement is not None and finding["verdict"] not in ("ERROR", "NOT_APPLICABLE"):
            yield from _finding(spec, requirement, finding, captures.get(finding["capture"]))


def _finding(spec: Spec, requirement: Requirement, finding: Results, capture: Results | None) -> Iterator[str]:
    plans = {plan.name: plan for plan in spec.kind(requirement).checks(requirement, spec.signals)}
    is_able = capture is not None and has_signals(spec, requirement, capture)
    for check in finding["checks"]:
        where = f"{finding['requirement']} on {finding['capture'] or 'no capture'}, {check['name']}"
        given = [gate for gate in check["gates"] if gate["code"] in _UNMEASURED and gate["measured"] is None]
        if is_able == bool(given):
            said = "has them all" if is_able else "lacks one"
            yield f"{where}: its gates do not go with the signals of the capture, which {said}"
        elif is_able and check["name"] in plans:
            for asked in _asked(plans[check["name"]], requirement):
                if not any(_is(gate, asked) for gate in check["gates"]):
                    wanted = " or ".join(f"{value:.6g}" for value in asked.required)
                    yield f"{where}: the spec asks for the gate {asked.code} at {wanted}, which it has not, or not kept"


def has_signals(spec: Spec, requirement: Requirement, capture: Results) -> bool:
    """Whether a capture of the results has every signal that a requirement looks at."""
    wanted = (*spec.kind(requirement).signals(requirement), *(c.signal for c in requirement.conditions))
    return {leaf for name in wanted for leaf in leaves(spec.signals, name)} <= set(capture["signals"])


def _asked(plan: CheckPlan, requirement: Requirement) -> Iterator[_Asked]:
    for need in plan.needs:
        yield from _of_need(need)
    for condition in requirement.conditions:
        yield _Asked("condition_not_met", (condition.for_.value,), frozenset({Effect.NO_VERDICT}))


def _of_need(need: Need) -> Iterator[_Asked]:
    """The gates of `quality.admit` that stand there whatever the record is."""
    bound = frozenset({Effect.NO_PASS})
    if need.max_frequency is not None:
        rates = (FILTERED_RATIO * need.max_frequency, UNFILTERED_RATIO * need.max_frequency)
        yield _Asked("sample_rate", rates, frozenset({need.aliasing, need.attenuation}))
    if need.bandwidth is not None:
        yield _Asked("bandwidth", (LEAST_GAIN,), frozenset({need.attenuation}))
    if need.time_limit is not None:
        interval = need.time_limit / SAMPLES_PER_TIME_LIMIT
        yield _Asked("time_resolution", (interval,), frozenset({Effect.NO_VERDICT}), is_most=True)
    if need.sample_rate is not None:
        yield _Asked("sample_rate", (need.sample_rate,), bound)
    if need.duration is not None:
        yield _Asked("record_too_short", (need.duration,), bound)
    yield _Asked("coverage", (need.most_missing,), bound, is_most=True)
    yield _Asked("clipped", (0.0,), frozenset({need.clipping}), is_most=True)


def _is(gate: Results, asked: _Asked) -> bool:
    """Whether a gate is the one asked for, and passed only if the record carries what it requires."""
    measured, required = gate["measured"], gate["required"]
    if gate["code"] != asked.code or gate["effect"] not in asked.effects or measured is None or required is None:
        return False
    slack = _SLACK * abs(required)
    is_held: bool = measured <= required + slack if asked.is_most else measured >= required - slack
    return (is_held or not gate["passed"]) and any(abs(required - value) <= slack for value in asked.required)
