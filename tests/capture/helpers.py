"""Small writers and the folder of shared recordings, for the tests of captures."""

from pathlib import Path

import numpy as np
import pytest

from slacheck.capture.load import open_capture
from slacheck.errors import SlacheckError

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"the shared recordings are not in {DATA}")


def write(folder, name, content, sidecar=None):
    """A file, text or bytes, and its sidecar; gives the path."""
    path = Path(folder, name)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    if sidecar is not None:
        path.with_name(name + ".meta.yaml").write_text("slacheck: 1\n" + sidecar)
    return path


def values(capture, name):
    """All samples of a channel, missing ones as None."""
    samples = capture.channels[name].read(0, capture.clock.count)
    return [None if np.isnan(x) else x for x in samples.tolist()]


def times(capture):
    """All times of a capture."""
    clock = capture.clock
    if clock.times is not None:
        return list(clock.times)
    return [s.first_time + k * clock.interval for s in clock.segments for k in range(s.count)]


def refusal(path):
    """The message with which a file is refused, without its folder."""
    with pytest.raises(SlacheckError) as caught:
        open_capture(path)
    return str(caught.value).replace(str(path.parent) + "/", "")
