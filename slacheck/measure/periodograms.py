"""Windows of one signal and their spectra, made once for all meters that look at the same windows."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slacheck.measure.frames import Frames
from slacheck.measure.spectrum import Removal, periodograms, taper

if TYPE_CHECKING:
    from slacheck.contract import Block, Place, Samples
    from slacheck.measure.tapers import TaperName


@dataclass(slots=True)
class Tapers:
    """The tapers of one length, each made when it is asked for."""

    length: int
    _made: dict[TaperName, Samples] = field(default_factory=dict)

    def __getitem__(self, name: TaperName) -> Samples:
        """Shape (length,)."""
        if name not in self._made:
            self._made[name] = taper(name, self.length)
        return self._made[name]


@dataclass(slots=True)
class WindowGroup:
    """Some windows.

    Parameters
    ----------
    starts : list of float
        [s]
    windows : ndarray, shape (windows, samples)
        [SI]
    tapers : Tapers
    remove : {"mean", "linear"}
        Taken off each window before it is transformed.
    """

    starts: list[float]
    windows: Samples
    tapers: Tapers
    remove: Removal
    _powers: dict[TaperName, Samples] = field(default_factory=dict)

    def powers(self, name: TaperName) -> Samples:
        """Mean square per bin, see `spectrum.power_spectra`; not to be changed. Shape (windows, n // 2 + 1). [SI^2]"""
        if name not in self._powers:
            self._powers[name] = periodograms(self.windows, self.tapers[name], self.remove)
        return self._powers[name]


@dataclass(slots=True)
class WindowStage:
    """Cuts windows as `frames.Frames` does. Implements `contract.Stage`.

    Parameters
    ----------
    interval : float
        [s]
    samples : int
        In a window.
    step : float
        From the start of one window to the start of the next. [s]
    remove : {"mean", "linear"}
    """

    interval: float
    samples: int
    step: float
    remove: Removal
    tapers: Tapers = field(init=False)
    _frames: Frames = field(init=False)

    def __post_init__(self) -> None:
        """Nothing seen yet."""
        self.tapers, self._frames = Tapers(self.samples), Frames(self.interval, self.samples, self.step)

    @property
    def key(self) -> Hashable:
        """All that decides which windows there are."""
        return ("windows", self.interval, self.samples, self.step, self.remove)

    def push(self, block: Block) -> Iterator[WindowGroup]:
        """Windows that this block completes."""
        for starts, windows in self._frames.push(block):
            yield WindowGroup(starts, windows[:, 0], self.tapers, self.remove)

    def finish(self) -> Iterator[WindowGroup]:
        """The last windows."""
        for starts, windows in self._frames.finish():
            yield WindowGroup(starts, windows[:, 0], self.tapers, self.remove)

    @property
    def memory(self) -> int:
        """As of `contract.Divisible`."""
        return self._frames.memory

    def enter(self, place: Place) -> int:
        """Begin behind samples that are not seen; the number of the first group that comes out, from the segment's."""
        return self._frames.enter(place)

    def possible(self) -> int:
        """Windows that the record would have had without gaps."""
        return self._frames.possible()
