"""Band contents: requirements.md BR1-BR8, BR10, windows on their grid, cuts and gaps."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.measure import ripple
from slacheck.measure.ripple import BandReader, RippleMeter, WindowSettings
from tests.measure.streams import blocks, cuts, feed, segments

DT = 0.01
TIMES = np.arange(0.0, 200.0, DT)


def read(samples, bands, window=(100.0, 10.0), taper="hann", remove="linear", interval=DT):
    readers = tuple(BandReader(*band) for band in bands)
    meter = RippleMeter(interval, WindowSettings(*window, taper, remove), readers)
    return feed(meter, blocks(samples, interval))


def values(samples, bands, **more):
    return read(samples, bands, **more).values.max(axis=1)


def square(duty=0.5, edge=0.0, interval=1e-3):
    """10 from peak to peak, 0.5 Hz, sampled so that edges fall between samples."""
    phase = ((np.arange(0.0, 40.0, interval) + interval / 2) * 0.5) % 1.0
    if edge == 0.0:
        return np.where(phase < duty, 10.0, 0.0)
    return np.interp(phase, [0.0, edge / 2, 0.5, 0.5 + edge / 2, 1.0], [0.0, 10.0, 10.0, 0.0, 0.0])


def test_sine_reads_its_rms_and_its_line_br1():
    sine = np.sin(math.pi * TIMES)
    rms, line = values(sine, [("rms", 0.1, 2.0), ("line", 0.1, 2.0)], taper="rectangular", remove="mean")
    assert rms == pytest.approx(0.7071068, abs=1e-6)
    assert line == pytest.approx(0.7071068, abs=1e-6)
    rms, line = values(np.sin(2 * math.pi * 0.50371 * TIMES + 1), [("rms", 0.1, 2.0), ("line", 0.1, 2.0)])
    assert rms == pytest.approx(0.7071068, rel=1e-3)
    assert line == pytest.approx(0.7071068, rel=1.2e-3)


def test_two_sines_read_the_root_of_their_squares_br2():
    samples = 3 * np.sin(math.pi * TIMES) + 4 * np.sin(3 * math.pi * TIMES)
    assert values(samples, [("rms", 0.1, 2.0)], remove="mean")[0] == pytest.approx(3.5355339, rel=1e-6)


@pytest.mark.parametrize(
    ("duty", "lines", "rms"),
    [
        (0.5, (6.3662, 0.0, 2.1221, 0.0, 1.2732), 5.0),
        (0.7, (5.1504, 3.0273, 0.6558, 0.9355, 1.2732), 4.58258),
        (0.8, (3.7420, 3.0273, 2.0182), 4.0),
    ],
)
def test_square_reads_its_lines_br3_br4_br5(duty, lines, rms):
    bands = [("line", 0.5 * n - 0.24, 0.5 * n + 0.24) for n in range(1, len(lines) + 1)] + [("rms", 0.1, 500.0)]
    settings_ = {"window": (40.0, 40.0), "taper": "rectangular", "remove": "mean", "interval": 1e-3}
    found = values(square(duty), bands, **settings_)
    np.testing.assert_allclose(math.sqrt(2) * found[:-1], lines, atol=1e-4 * 6.4)
    assert found[-1] == pytest.approx(rms, rel=1e-4)


@pytest.mark.parametrize(("edge", "expected"), [(0.05, 6.35965), (0.2, 6.26199), (0.5, 5.73159)])
def test_square_with_linear_edges_reads_its_fundamental_br6(edge, expected):
    found = values(square(edge=edge), [("line", 0.3, 0.7)], window=(40.0, 40.0), remove="mean", interval=1e-3)
    assert math.sqrt(2) * found[0] == pytest.approx(expected, rel=1e-4)


def test_white_noise_reads_its_share_of_the_band_br7():
    samples = np.random.default_rng(1).normal(size=200_000)
    found = read(samples, [("rms", 0.1, 20.0)], window=(200.0, 200.0), interval=1e-3)
    assert found.values[0, 0] == pytest.approx(0.1995, rel=0.05)
    assert found.low[0, 0] < 0.05  # all of it may be the instrument's


def test_burst_reads_by_window_br8():
    times = np.arange(0.0, 600.0, DT)
    burst = np.where((times >= 300) & (times < 360), 10 * np.sin(math.pi * times), 0.0)
    whole = values(burst, [("rms", 0.1, 2.0)], window=(600.0, 600.0), taper="rectangular", remove="mean")
    assert whole[0] == pytest.approx(2.23607, rel=1e-3)
    worst = read(burst, [("rms", 0.1, 2.0)], window=(60.0, 10.0))
    assert worst.values.max() == pytest.approx(7.07107, rel=1e-3)
    assert worst.starts[worst.values[0].argmax()] == 300.0


def test_square_reads_its_energy_fraction_br10():
    bands = [("energy_fraction", 0.1, 2.0, (0.05, 500.0)), ("energy_fraction", 0.1, 1.2, (0.05, 500.0))]
    settings_ = {"window": (40.0, 40.0), "taper": "rectangular", "remove": "mean", "interval": 1e-3}
    found = values(square(), bands, **settings_)
    np.testing.assert_allclose(found, [0.90063, 0.81057], atol=1e-4)


@pytest.mark.parametrize("offset", [0.0, 0.25, 0.5])
@pytest.mark.parametrize("taper", ["hann", "blackmanharris", "flattop", "rectangular"])
@pytest.mark.parametrize("place", [-3, -1, 0, 1, 3])
def test_tone_near_the_edge_lies_in_the_interval_of_the_band(offset, taper, place):
    """The truth is the tone's rms if it lies in the band, else nothing."""
    frequency = 0.5 + (place + offset) / 100.0
    found = read(np.sin(2 * math.pi * frequency * TIMES + 1), [("rms", 0.5, 2.0), ("line", 0.5, 2.0)], taper=taper)
    truth = math.sqrt(0.5) if frequency >= 0.5 else 0.0
    assert np.all(found.low <= truth + 1e-4)  # a hundred half periods: the tone and its image at -f meet at 1e-4
    assert np.all(truth <= found.high * (1 + 1e-4))


def test_silent_record_has_no_energy_fraction():
    found = read(np.full(20_000, 40e6), [("energy_fraction", 0.1, 2.0, (0.1, 20.0))])
    assert (found.values.max(), found.low.max(), found.high.min()) == (0.0, 0.0, 1.0)


def test_band_above_the_spectrum_reads_nothing():
    bands = [("rms", 60.0, 80.0), ("line", 60.0, 80.0), ("energy_fraction", 60.0, 80.0, (55.0, 90.0))]
    assert read(np.sin(TIMES), bands).values.max() == 0.0


def test_windows_start_every_step_from_the_first_sample():
    found = read(np.sin(TIMES[:1234]), [("rms", 0.5, 2.0)], window=(5.0, 1.112))
    assert found.starts.tolist() == pytest.approx([0.0, 1.11, 2.22, 3.34, 4.45, 5.56, 6.67])  # to the nearest sample
    assert found.possible == 7
    assert found.samples == 500


def test_windows_with_a_gap_are_left_out_and_counted():
    meter = RippleMeter(DT, WindowSettings(10.0, 5.0), (BandReader("rms", 1.0, 5.0),))
    found = feed(meter, segments(np.sin(TIMES[:6000]), DT, [(2200, 2201)]))
    assert found.starts.tolist() == pytest.approx([0, 5, 10, 25, 30, 35, 40, 45, 50])
    assert found.possible == 11


def test_record_without_a_complete_window_has_none():
    found = read(np.sin(TIMES[:999]), [("rms", 1.0, 5.0)], window=(10.0, 5.0))
    assert (found.starts.size, found.possible) == (0, 0)
    assert RippleMeter(DT, WindowSettings(10.0, 5.0), (BandReader("rms", 1.0, 5.0),)).reading().starts.size == 0


@given(at=cuts(2999), step=st.floats(0.3, 5.0), length=st.floats(5.0, 12.0), remove=st.sampled_from(["mean", "linear"]))
@settings(max_examples=30, deadline=None)
def test_ripple_is_the_same_to_the_bit_wherever_the_record_is_cut(at, step, length, remove):
    samples = np.random.default_rng(2).normal(40e6, 1e6, 3000)
    bands = (
        BandReader("rms", 1.0, 5.0),
        BandReader("line", 3.0, 9.0),
        BandReader("energy_fraction", 2.0, 4.0, (1.0, 9.0)),
    )
    readings = []
    for where in ((), at):
        meter = RippleMeter(DT, WindowSettings(length, step, "hann", remove), bands)
        readings.append(feed(meter, segments(samples, DT, [(1500, 1510)], where)))
    for name in ("starts", "values", "low", "high", "noise", "scale"):
        np.testing.assert_array_equal(getattr(readings[0], name), getattr(readings[1], name))
    assert readings[0].possible == readings[1].possible


@given(at=cuts(2999), held=st.integers(1, 200))
@settings(max_examples=20, deadline=None)
def test_ripple_that_keeps_the_worst_windows_alone_has_the_same_worst_ones(at, held):
    samples = np.round(np.random.default_rng(2).normal(0, 3, 3000))
    bands = (BandReader("rms", 1.0, 5.0), BandReader("line", 3.0, 9.0))
    whole, worst = (RippleMeter(DT, WindowSettings(10.0, 0.5), bands, every) for every in (True, False))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ripple, "_MOST_HELD", held)
        found, few = (feed(meter, segments(samples, DT, [(1500, 1510)], at)) for meter in (whole, worst))
    assert (few.windows, few.possible) == (found.windows, found.possible) == (found.starts.size, found.possible)
    assert few.starts.size <= 6 < found.starts.size
    for name in ("values", "low", "high"):
        for one, other in zip(getattr(found, name), getattr(few, name), strict=True):
            assert np.max(other) == np.max(one)
            assert few.starts[np.argmax(other)] == found.starts[np.argmax(one)]
    assert set(few.noise[0].tolist()) <= set(found.noise[0].tolist())


@given(scale=st.sampled_from([0.5, 1024.0]), shift=st.sampled_from([0.0, 40e6]), flip=st.sampled_from([1.0, -1.0]))
@settings(max_examples=12, deadline=None)
def test_ripple_scales_and_ignores_offset_and_polarity(scale, shift, flip):
    samples = np.random.default_rng(3).integers(-1000, 1000, 3000).astype(float)
    bands = [("rms", 1.0, 5.0), ("line", 3.0, 9.0)]
    before, after = (read(x, bands, window=(10.0, 5.0)) for x in (samples, flip * scale * samples + shift))
    np.testing.assert_allclose(after.values, scale * before.values, rtol=1e-9)
