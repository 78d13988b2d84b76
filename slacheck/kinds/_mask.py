"""The keys of `spectral_mask`, its mask in SI units, and what is wrong with a mask."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from slacheck.contract import Problem, Signal, Signals, level_problem
from slacheck.language import Frequency, Level, QuantityOf, Requirement, Text, definition
from slacheck.units import Quantity, parse_quantity

if TYPE_CHECKING:
    from slacheck.measure.mask import Mask

Point: TypeAlias = tuple[Frequency, Level]
Path: TypeAlias = tuple[str | int, ...]

PARTS = 4.0
"""Least resolutions between neighbouring points, and below the lowest one (requirements.md R07)."""
MOST_COUNTED = 50_000
"""Bins of a mask whose readings are counted for a quantile, 1 kB each."""


def _shape(value: Any) -> str:
    first = value[0] if isinstance(value, list | tuple) and value else None
    deeper = first[0] if isinstance(first, list | tuple) and first else None
    return "segments" if isinstance(deeper, list | tuple) else "points"


class SpectralMask(Requirement):
    """Keys of `spectral_mask`."""

    signal: Text = Field(description="Signal that is limited.")
    quantity: Literal["rms", "peak", "density"] = definition(
        "rms", "rms value or amplitude of a line; or density, the root of the power per hertz."
    )
    resolution: Frequency = Field(description="Equivalent noise bandwidth of a reading.")
    taper: Literal["flattop", "hann", "blackmanharris"] = definition("flattop", "Taper of each frame.")
    detector: Literal["max_hold", "p95", "mean"] = definition(
        "max_hold", "Over the frames: the largest, 95 % quantile or mean power of each bin."
    )
    interpolation: Literal["loglog", "linear", "step"] = definition(
        "loglog", "Between points: straight in log limit over log frequency; straight; or the limit of the point below."
    )
    mask: Annotated[
        Annotated[tuple[Point, ...], Tag("points")] | Annotated[tuple[tuple[Point, ...], ...], Tag("segments")],
        Discriminator(_shape),
    ] = Field(
        description="[frequency, limit], lowest frequency first; or a list of such lists, with gaps between them."
    )
    noise_floor_margin: Annotated[Quantity, QuantityOf("dB", examples=("6 dB",))] = definition(
        parse_quantity("6 dB"), "How far the broadband floor must stay below the limit (rms and peak)."
    )

    @property
    def per(self) -> str:
        """What the unit of a limit has behind the unit of the signal."""
        return "/sqrt(Hz)" if self.quantity == "density" else ""


def segments(requirement: SpectralMask) -> tuple[tuple[Path, tuple[Point, ...]], ...]:
    """Each segment and where it stands in the requirement."""
    mask: Any = requirement.mask
    if _shape(mask) == "points":
        return ((("mask",), mask),)
    return tuple((("mask", number), points) for number, points in enumerate(mask))


def in_si(quantity: Quantity, signal: Signal, per: str) -> float:
    """A limit in SI; pu and % of rated. `per` is what its unit has behind the signal's."""
    relative = quantity.base != signal.base + per
    return quantity.value * (signal.rated or 1.0) if relative else quantity.value


def mask_of(requirement: SpectralMask, signal: Signal, factor: float = 1.0) -> Mask:
    """The mask in SI, its limits times `factor`."""
    from slacheck.measure.mask import Mask

    return Mask(
        tuple(
            tuple((frequency.value, factor * in_si(limit, signal, requirement.per)) for frequency, limit in points)
            for _, points in segments(requirement)
        ),
        requirement.interpolation,
    )


def problems(requirement: SpectralMask, signals: Signals) -> Iterator[Problem]:
    """Faults that several keys together show."""
    end: Quantity | None = None
    for path, points in segments(requirement):
        for number, (_, limit) in enumerate(points):
            yield from level_problem(
                (*path, number, 1), limit, signals[requirement.signal], requirement.per, signed=False
            )
            if limit.value == 0.0:
                yield Problem((*path, number, 1), f"{limit.text!r} is a limit that nothing can keep")
        yield from _order_problems(path, points, requirement.interpolation)
        if end is not None and points and points[0][0].value < end.value:
            yield Problem(
                (*path, 0, 0), f"the segment begins at {points[0][0].text}, before the last one ends, {end.text}"
            )
        end = points[-1][0] if points else end
    if not segments(requirement):
        yield Problem(("mask",), "the mask has no points")
    yield from _resolution_problems(requirement)
    margin = requirement.noise_floor_margin
    if margin.value < 0.0:
        yield Problem(("noise_floor_margin",), f"{margin.text!r} is negative; this is how far below the floor must be")
    elif requirement.quantity == "density" and margin.value != 6.0:
        yield Problem(("noise_floor_margin",), "a density is the floor itself, which needs no margin", "remove it")


def _order_problems(path: Path, points: tuple[Point, ...], interpolation: str) -> Iterator[Problem]:
    """Points that make no segment."""
    if len(points) < 2:
        yield Problem(path, "a segment needs two points or more")
        return
    frequencies = [frequency.value for frequency, _ in points]
    for number, (low, high) in enumerate(pairwise(frequencies), 1):
        text = points[number][0].text
        if high < low:
            yield Problem(
                (*path, number, 0), f"{text} comes after {points[number - 1][0].text}; lowest frequency first"
            )
        elif high == low and interpolation == "step":
            yield Problem((*path, number, 0), f"{text} stands twice; with steps one point is enough")
        elif high == low and (number in (1, len(points) - 1) or frequencies[number + 1] == low):
            yield Problem((*path, number, 0), f"{text} stands twice; an edge needs limits on both of its sides")
    if interpolation == "step" and points[-1][1].text != points[-2][1].text:
        yield Problem(
            (*path, len(points) - 1, 1),
            f"with steps each limit holds up to the next point, so {points[-1][1].text!r} at the end holds nowhere",
            f"repeat {points[-2][1].text!r} there, or add the point where it ends",
        )


def _resolution_problems(requirement: SpectralMask) -> Iterator[Problem]:
    """A resolution too coarse for the mask's points, or too fine to count."""
    from slacheck.measure.tapers import BANDWIDTH_BINS

    resolution = requirement.resolution
    places = [frequency for _, points in segments(requirement) for frequency, _ in points]
    gaps = [(high.value - low.value, low, high) for low, high in pairwise(places) if high.value > low.value]
    if places:
        gaps.append((places[0].value, parse_quantity("0 Hz"), places[0]))
        gap, low, high = min(gaps, key=lambda one: one[0])
        if resolution.value * PARTS > gap * (1 + 1e-9):
            yield Problem(
                ("resolution",),
                f"{resolution.text!r} is more than a quarter of the {gap:.6g} Hz from {low.text} to {high.text}",
                f"write {gap / PARTS:.6g} Hz or less, or move the points apart",
            )
        width = max(places[-1].value - places[0].value, 0.0)
        bins = width / resolution.value * BANDWIDTH_BINS[requirement.taper]
        if requirement.detector == "p95" and bins > MOST_COUNTED:
            yield Problem(
                ("resolution",),
                f"{resolution.text!r} gives the mask {bins:.0f} bins; p95 counts in {MOST_COUNTED} at most",
                f"write {resolution.value * bins / MOST_COUNTED:.3g} Hz or more, or a narrower mask",
            )
