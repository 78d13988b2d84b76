"""Harmonics: the vectors HA1 to HA9 of requirements.md R08, their bounds, and how a record is cut."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings

from slacheck.measure.harmonics import (
    HarmonicMeter,
    HarmonicSettings,
    bin_powers,
    bins_of,
    broadband_floor,
    harmonic_squares,
    interharmonic_squares,
    noise_scatter,
    quantised_power,
)
from slacheck.measure.intervals import Length
from tests.measure.streams import blocks, cuts, feed, segments

RATE, SAMPLES = 10240.0, 2048
TIMES = np.arange(SAMPLES) / RATE
EVERY = Length(values=1)


def tone(frequency, rms, times=TIMES):
    return math.sqrt(2.0) * rms * np.sin(2.0 * math.pi * frequency * times)


def order(samples, number, method, cycles=10):
    return math.sqrt(harmonic_squares(bin_powers(samples), cycles, 50, method)[number - 1])


def between(samples, number, method):
    return math.sqrt(interharmonic_squares(bin_powers(samples), 10, 50, method)[number - 1])


def distortion(samples, method, orders=40):
    squares = harmonic_squares(bin_powers(samples), 10, orders, method)
    return math.sqrt(float(np.sum(squares[1:])) / squares[0])


HA1 = tone(50, 230) + tone(250, 10)


@pytest.mark.parametrize("method", ["line", "subgroup", "group"])
def test_harmonic_alone_ha1(method):
    assert order(HA1, 5, method) == pytest.approx(10.0, rel=1e-12)
    assert distortion(HA1, method) == pytest.approx(0.04347826, rel=1e-7)


@pytest.mark.parametrize("method", ["subgroup", "group"])
def test_harmonic_alone_has_nothing_beside_it_ha1(method):
    assert between(HA1, 5, method) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    ("frequency", "subgroup", "group", "inter_group", "inter_subgroup"),
    [(255, 10.4403, 10.4403, 3.0, 0.0), (265, 10.0, 10.4403, 3.0, 3.0), (275, 10.0, 10.2225, 3.0, 3.0)],
    ids=["HA2", "HA3", "HA4"],
)
def test_interharmonic_beside_the_fifth(frequency, subgroup, group, inter_group, inter_subgroup):
    samples = HA1 + tone(frequency, 3)
    assert order(samples, 5, "subgroup") == pytest.approx(subgroup, rel=1e-4)
    assert order(samples, 5, "group") == pytest.approx(group, rel=1e-4)
    assert between(samples, 5, "group") == pytest.approx(inter_group, rel=1e-4)
    assert between(samples, 5, "subgroup") == pytest.approx(inter_subgroup, rel=1e-4, abs=1e-9)


def test_bin_on_the_edge_counts_half_in_either_group_ha4():
    assert order(HA1 + tone(275, 3), 6, "group") == pytest.approx(2.1213, rel=1e-4)


def test_interharmonic_between_bins_leaks_ha5():
    samples = HA1 + tone(287.5, 3)
    assert order(samples, 5, "subgroup") == pytest.approx(10.0029, rel=1e-4)
    assert between(samples, 5, "subgroup") == pytest.approx(2.8328, rel=1e-4)
    assert order(samples, 6, "subgroup") == pytest.approx(0.7778, rel=1e-4)


def test_modulated_harmonic_is_whole_in_its_subgroup_ha6():
    samples = tone(50, 230) + tone(250, 10) * (1.0 + 0.2 * np.cos(2.0 * math.pi * 5.0 * TIMES))
    assert order(samples, 5, "line") == pytest.approx(10.0, rel=1e-4)
    assert order(samples, 5, "subgroup") == pytest.approx(10.0 * math.sqrt(1.02), rel=1e-4)


@pytest.mark.parametrize(
    ("frequency", "fifth", "second", "thd"),
    [(49.9, 10.120, None, 0.04444), (49.5, 9.368, 4.990, 0.05045)],
    ids=["HA7", "HA8"],
)
def test_window_out_of_step_reads_the_wrong_numbers_of_the_table(frequency, fifth, second, thd):
    samples = tone(frequency, 230) + tone(5 * frequency, 10)
    assert order(samples, 5, "subgroup") == pytest.approx(fifth, rel=1e-3)
    assert distortion(samples, "subgroup") == pytest.approx(thd, rel=1e-3)
    if second is not None:
        assert order(samples, 2, "subgroup") == pytest.approx(second, rel=1e-3)


@pytest.mark.parametrize(("nominal", "frequency"), [(50, 49.9), (50, 49.5), (60, 59.95), (50, 43.7)])
def test_windows_in_step_read_the_truth_ha7_ha8(nominal, frequency):
    times = np.arange(10000) / 10000.0
    samples = tone(frequency, 230, times + 0.0003) + tone(5 * frequency, 10, times)
    meter = HarmonicMeter(1e-4, HarmonicSettings(nominal, "subgroup", 40, True, (EVERY,)))
    found = feed(meter, blocks(samples, 1e-4)).intervals[EVERY]
    assert found.starts.size >= 3
    assert np.sqrt(found.squares[:, 4]) == pytest.approx(10.0, rel=2e-5)
    thd = np.sqrt(np.sum(found.squares[:, 1:40], axis=1) / found.squares[:, 0])
    assert thd == pytest.approx(10.0 / 230.0, rel=1e-4)
    assert np.max(np.sqrt(found.squares[:, 40:80])) < 230.0 * 2e-5


def test_demand_distortion_ha9():
    samples = tone(50, 80) + tone(250, 10) + tone(350, 6)
    squares = harmonic_squares(bin_powers(samples), 10, 50, "subgroup")
    assert distortion(samples, "subgroup") == pytest.approx(0.145774, rel=1e-5)
    assert math.sqrt(float(np.sum(squares[1:]))) / 200.0 == pytest.approx(0.0583095, rel=1e-6)


def test_twelve_cycles_make_bins_of_sixty_hertz():
    times = np.arange(2400) / 12000.0
    samples = tone(60, 230, times) + tone(300, 10, times) + tone(325, 3, times)
    assert order(samples, 5, "subgroup", 12) == pytest.approx(10.0)
    assert order(samples, 5, "group", 12) == pytest.approx(math.sqrt(109.0))


@pytest.mark.parametrize("method", ["line", "subgroup", "group"])
def test_orders_beyond_the_spectrum_read_nothing(method):
    assert np.all(harmonic_squares(bin_powers(HA1)[:300], 10, 50, method)[31:] == 0.0)


def test_powers_add_up_to_the_mean_square():
    samples = np.random.default_rng(1).normal(size=2048)
    assert float(np.sum(bin_powers(samples))) == pytest.approx(float(np.mean(samples**2)))


def test_groups_and_what_is_between_cover_every_bin():
    samples = np.random.default_rng(1).normal(size=2048)
    powers = bin_powers(samples)
    groups = harmonic_squares(powers, 10, 50, "group")
    assert float(np.sum(groups)) == pytest.approx(
        float(np.sum(powers[6:505])) + (float(powers[5]) + float(powers[505])) / 2.0
    )


def test_interharmonics_of_lines_are_an_error():
    with pytest.raises(ValueError, match="groups or subgroups"):
        interharmonic_squares(bin_powers(HA1), 10, 50, "line")


def test_floor_and_scatter_are_those_of_white_noise():
    random, sigma = np.random.default_rng(1), 0.5
    powers = [bin_powers(HA1 + random.normal(0.0, sigma, SAMPLES)) for _ in range(400)]
    expected = 2.0 * sigma**2 / SAMPLES
    floors = np.array([broadband_floor(each, 10, 50) for each in powers])
    assert float(np.mean(floors)) == pytest.approx(expected, rel=0.02)  # 250 bins a window, 400 windows: 0.5 % each way
    for method in ("line", "subgroup", "group"):
        squares = np.array([harmonic_squares(each, 10, 50, method) for each in powers])
        for number in (4, 9):  # a tone, and nothing
            mean, bins = np.array(100.0 if number == 4 else 0.0), bins_of(method, 10)
            scatter = noise_scatter(mean, np.array(expected), bins, 1)
            assert float(np.std(squares[:, number])) == pytest.approx(float(scatter), rel=0.15)  # of 400: 4 times 3.5 %


def test_floor_of_a_spectrum_without_a_whole_space_is_nothing():
    assert broadband_floor(bin_powers(HA1)[:19], 10, 50) == 0.0


def test_dithered_quantiser_puts_nothing_on_the_orders():
    step, orders = 0.1, 100.0
    whole = step**2 / 12.0
    assert quantised_power(step, np.array(whole / 1000.0), 10, orders) == 0.0
    assert quantised_power(step, np.array(0.0), 10, orders) == pytest.approx(whole / 100.0)


def settings_of(*lengths, **more):
    return HarmonicSettings(50, "subgroup", 25, True, lengths, **more)


@settings(max_examples=15, deadline=None)
@given(cuts(25000))
def test_reading_does_not_depend_on_where_the_record_is_cut(at):
    times = np.arange(25600) / 6400.0
    samples = tone(50.1, 230, times) + np.random.default_rng(2).normal(0.0, 1.0, times.size)
    lengths = (EVERY, Length(values=3), Length(seconds=1.0))
    whole, cut = (
        feed(
            HarmonicMeter(1 / 6400.0, settings_of(*lengths, rated=230.0)),
            segments(samples, 1 / 6400.0, [(12000, 12003)], where),
        )
        for where in ((), at)
    )
    assert whole.counts == cut.counts
    assert whole.step == cut.step
    for length in lengths:
        a, b = whole.intervals[length], cut.intervals[length]
        for name in ("starts", "squares", "counts", "flagged"):
            assert np.array_equal(getattr(a, name), getattr(b, name))


def test_aggregate_is_the_root_mean_square_of_its_windows():
    times = np.arange(64000) / 6400.0
    samples = tone(50.0, 230, times) + tone(250.0, 10, times) * (times < 4.0)
    lengths = (EVERY, Length(values=15))
    found = feed(HarmonicMeter(1 / 6400.0, settings_of(*lengths)), blocks(samples, 1 / 6400.0)).intervals
    each, fifteen = found[EVERY].squares, found[Length(values=15)].squares
    assert fifteen[1] == pytest.approx(np.mean(each[15:30].astype(float), axis=0), rel=1e-6)


def test_what_cannot_be_interpolated_is_not_read():
    """A line at 0.45 of the sample rate, whose image could land on an order, is left out."""
    times = np.arange(2500) / 2500.0
    samples = tone(50.0, 230, times) + tone(1125.0, 20, times)
    meter = HarmonicMeter(1 / 2500.0, HarmonicSettings(50, "group", 25, False, (EVERY,)))
    squares = feed(meter, blocks(samples, 1 / 2500.0)).intervals[EVERY].squares
    assert np.max(np.sqrt(squares[:, 1:25])) < 0.02
