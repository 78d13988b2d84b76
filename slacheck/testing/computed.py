"""Recordings that are computed where they are read: of any length, in no memory, with known truth.

A capture asks its channels for samples by slices and keeps none. A channel whose samples are a function
of their indexes is therefore a record that a week of eight channels can be read from, piece by piece, in
any order and as often as a plot needs it.

>>> capture = computed_capture({"p": lambda first, last: np.arange(first, last) % 3.0}, 10**12, sample_rate=20e3,
...                            units={"p": "kW"})
>>> capture.channels["p"].read(999_999_999_998, 10**12).tolist()
[2000.0, 0.0]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from slacheck.capture.capture import Capture, Channel, check_unit
from slacheck.capture.clock import even_clock

if TYPE_CHECKING:
    from slacheck.contract import Samples

_DRAWN = 1 << 14
"""Random numbers that are drawn from one seed."""


@dataclass(frozen=True, slots=True)
class Computed:
    """Samples as a function of their indexes. Implements `capture.readers.recording.Values`.

    Parameters
    ----------
    count : int
        Samples of the record.
    samples : callable
        Of the first index and the one after the last; gives those samples, the same ones whenever it is asked.
    """

    count: int
    samples: Callable[[int, int], Samples]

    def __len__(self) -> int:
        """How many samples."""
        return self.count

    def __getitem__(self, index: slice, /) -> np.ndarray[Any, Any]:
        """The samples of a slice."""
        first, last, _ = index.indices(self.count)
        return self.samples(first, max(first, last))


def computed_capture(
    channels: Mapping[str, Callable[[int, int], Samples]],
    count: int,
    *,
    sample_rate: float,
    units: Mapping[str, str],
    id: str = "computed",
    anti_alias: bool = True,
) -> Capture:
    """A capture of `count` samples, each computed when it is read.

    Parameters
    ----------
    channels : mapping of str to callable
        As of `Computed`.
    count : int
        Samples of each.
    sample_rate : float
        [Hz]
    units : mapping of str to str
        Of every channel.
    id : str
        How findings name it.
    anti_alias : bool
        Whether it is to count as filtered before it was sampled.

    Raises
    ------
    CaptureError
        If a unit is not known.
    """
    made = {name: Channel(name, Computed(count, samples), unit=units[name]) for name, samples in channels.items()}
    for channel in made.values():
        check_unit(id, channel)
    return Capture(id, made, even_clock(1.0 / sample_rate, count), anti_alias=anti_alias)


def noise_between(first: int, last: int, *, sigma: float, seed: int) -> Samples:
    """Samples first .. last - 1 of one endless white noise: the same ones however it is read.

    Parameters
    ----------
    first, last : int
        Indexes, the second one not included.
    sigma : float
        Standard deviation.
    seed : int
        Of the noise.
    """
    blocks = range(first // _DRAWN, -(-last // _DRAWN))
    drawn = [np.random.default_rng((seed, block)).standard_normal(_DRAWN) for block in blocks]
    if not drawn:
        return np.empty(0)
    skipped = blocks.start * _DRAWN
    noise: Samples = sigma * np.concatenate(drawn)[first - skipped : last - skipped]
    return noise
