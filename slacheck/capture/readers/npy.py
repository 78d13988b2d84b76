"""NPY: one array. One-dimensional is the channel `x`, two-dimensional (samples, channels) `x0`, `x1`, ...

The header is checked against the size of the file before anything is mapped; a structured array
has a channel for each field. Samples stay in the file and are mapped.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO
from math import prod
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy_format

from slacheck.capture.readers.mapped import mapped
from slacheck.capture.readers.recording import Column, ReadHint, Recording, Stamps, Values, split_unit, time_column
from slacheck.capture.readers.source import Source
from slacheck.capture.readers.stamp_text import moment
from slacheck.units import parse_unit

_LONGEST_HEADER = 1 << 16
_MAGIC = b"\x93NUMPY"
_NANOSECOND = Decimal("1e-9")


@dataclass(frozen=True, slots=True)
class Header:
    """What an NPY header claims."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]
    length: int

    @property
    def total(self) -> int:
        """Bytes of header and array."""
        return self.length + prod(self.shape) * self.dtype.itemsize


def read(source: Source, hint: ReadHint) -> Recording:
    """Map an NPY file.

    Raises
    ------
    CaptureError
        If the header is not one, claims more or less than the file has, or the array is not of plain numbers.
    """
    source.file.seek(0)
    header = read_header(source, source.file, source.place)
    if header.total != source.size:
        raise source.error(
            f"the header claims {header.total} bytes (shape {header.shape}, {header.dtype}), {source.size} are present",
            fix=None if header.total < source.size else "the file is cut off; copy it again",
        )
    if len(header.shape) not in (1, 2) or (header.dtype.names and len(header.shape) != 1):
        raise source.error(f"the array has the shape {header.shape}; expected (samples,) or (samples, channels)")
    if prod(header.shape) == 0:
        raise source.error("the array is empty")
    array = mapped(source.file, header.dtype, header.shape, offset=header.length, fortran=header.fortran)
    return recording_of(source, _named(array), hint)


def _named(array: np.ndarray[Any, Any]) -> dict[str, np.ndarray[Any, Any]]:
    if array.dtype.names:
        return {name: array[name] for name in array.dtype.names}
    if array.ndim == 1:
        return {"x": array}
    return {f"x{index}": array[:, index] for index in range(array.shape[1])}


def read_header(source: Source, file: IO[bytes], place: str) -> Header:
    """The header at the beginning of `file`, which is left behind it.

    Raises
    ------
    CaptureError
        If it is not an NPY header of plain numbers.
    """
    start = file.read(12)
    if not start.startswith(_MAGIC) or len(start) < 12:
        raise source.error(f"{place} is not an NPY array")
    version = (start[6], start[7])
    short = version == (1, 0)
    length = int.from_bytes(start[8:10] if short else start[8:12], "little")
    if version not in ((1, 0), (2, 0), (3, 0)) or not 2 <= length <= _LONGEST_HEADER:
        raise source.error(f"{place} has an NPY header that is not understood")
    offset = (10 if short else 12) + length
    text = start[8:] + file.read(offset - 12)
    if len(text) != offset - 8:
        raise source.error(f"{place} ends within its header")
    readers: Any = (npy_format.read_array_header_1_0, npy_format.read_array_header_2_0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            shape, fortran, dtype = readers[not short](BytesIO(text), max_header_size=_LONGEST_HEADER)
    except Exception:  # the parser of a hostile header may raise anything
        raise source.error(f"{place} has an NPY header that is not understood") from None
    kinds = [dtype[name] for name in dtype.names] if dtype.names else [dtype]
    odd = [kind for kind in kinds if kind.hasobject or kind.shape or kind.kind not in "biufmM" or kind.itemsize > 8]
    if odd or any(length < 0 for length in shape):
        raise source.error(f"{place} holds {odd[0] if odd else shape}, not plain numbers of at most 64 bits")
    return Header(tuple(shape), fortran, dtype, offset)


def recording_of(source: Source, arrays: dict[str, Any], hint: ReadHint) -> Recording:
    """Arrays of one length as a recording.

    Raises
    ------
    CaptureError
        If two have the same name, or an array of times is not the time.
    """
    titles = [split_unit(title) for title in arrays]
    names = [name for name, _ in titles]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise source.error(f"two arrays have the name {twice!r}")
    time = time_column(names, hint)
    columns = [
        _column(source, name, unit, values)
        for index, ((name, unit), values) in enumerate(zip(titles, arrays.values(), strict=True))
        if index != time
    ]
    count = min((len(values) for values in arrays.values()), default=0)
    recording = Recording(columns, count)
    if time is not None:
        _take_time(recording, source, titles[time], (list(arrays.values())[time], hint))
    return recording


def _column(source: Source, name: str, unit: str | None, values: Values) -> Column:
    if values[0:1].dtype.kind in "mM":
        return Column(name, None, unit, fault=source.error(f"column {name!r} holds times, not numbers").problems[0])
    return Column(name, values, unit)


def _take_time(
    recording: Recording, source: Source, title: tuple[str, str | None], more: tuple[Values, ReadHint]
) -> None:
    recording.time_name, recording.time_unit = title
    values, hint = more
    kind = values[0:1].dtype.kind
    if kind in "mM":
        recording.stamps, recording.absolute = Stamps(_Nanoseconds(values), _NANOSECOND, source.place), True
        if kind == "M":
            recording.start = moment(int(recording.stamps.values[0:1][0]))
            recording.notes.append("time stamps are datetime64, taken as UTC")
        return
    unit = recording.time_unit or hint.unit
    if unit is not None and parse_unit(unit).base == "s":
        recording.stamps = Stamps(values, parse_unit(unit).scale, source.place)


class _Nanoseconds:
    """datetime64 or timedelta64 of any resolution, as int64 nanoseconds."""

    def __init__(self, values: Values) -> None:
        self._values = values

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, index: slice, /) -> np.ndarray[Any, Any]:
        values = self._values[index]
        return values.astype(f"{values.dtype.kind}8[ns]").view(np.int64)
