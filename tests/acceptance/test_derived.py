"""Derived signals as their user meets them: waveforms in, clauses on power and symmetrical components out."""

from __future__ import annotations

import json
import math
import sys

import numpy as np
import pytest

from slacheck.cli.main import main

RATE, F = 6000.0, 60.0
SIGNALS = "".join(
    f"  v_{n}: {{quantity: voltage, unit: V, rated: 277 V, waveform: ac}}\n"
    f"  i_{n}: {{quantity: current, unit: A, rated: 200 A, waveform: ac}}\n"
    for n in "abc"
)
POWER = (
    "{power: active, voltages: [v_a, v_b, v_c], currents: [i_a, i_b, i_c], window: 1 cycle, refresh: half_cycle, "
    "frequency: 60 Hz}"
)


def recording(level, seconds=4.0):
    """Three phases whose currents lag by 30 degrees; `level` scales them."""
    t = np.arange(round(seconds * RATE)) / RATE
    angle = 2 * math.pi * F * t
    scale = level(t)
    channels = {}
    for name, shift in zip("abc", (0, -120, 120), strict=True):
        channels[f"v_{name}"] = math.sqrt(2) * 277 * np.cos(angle + math.radians(shift))
        channels[f"i_{name}"] = scale * math.sqrt(2) * 100 * np.cos(angle + math.radians(shift - 30))
    return channels


@pytest.fixture
def check(tmp_path, monkeypatch, capsys):
    """Run `slacheck check` on a spec and channels; exit code and results."""

    def run(spec, channels, accuracy="accuracy: {reading: 0.2 %}, "):
        (tmp_path / "spec.yaml").write_text(f"slacheck: 1\nid: s\nsignals:\n{spec}", encoding="utf-8")
        np.savez(tmp_path / "run.npz", **channels)
        units = {"v": "V", "i": "A", "p": "MW"}
        lines = "".join(f"  {name}: {{{accuracy}unit: {units[name[0]]}}}\n" for name in channels)
        sidecar = f"slacheck: 1\nanti_alias: true\ntime: {{sample_rate: {RATE:g} Hz}}\nchannels:\n{lines}"
        (tmp_path / "run.npz.meta.yaml").write_text(sidecar, encoding="utf-8")
        words = ["slacheck", "check", str(tmp_path / "spec.yaml"), str(tmp_path / "run.npz"), "--format", "json"]
        monkeypatch.setattr(sys, "argv", words)
        with pytest.raises(SystemExit) as stopped:
            main()
        return stopped.value.code or 0, json.loads(capsys.readouterr().out)

    return run


def only(results):
    (finding,) = results["findings"]
    (found,) = finding["checks"]
    return found


def test_power_of_three_phases_is_judged_from_waveforms(check):
    spec = SIGNALS + f"  p: {{quantity: active_power, unit: kW, rated: 150 kW, derive: {POWER}}}\n"
    spec += "requirements:\n  - {id: R, kind: dynamic_range, signal: p, window: 1 s,\n"
    spec += "     limits: {peak_to_peak: {max: 40 kW}}}\n"
    code, results = check(spec, recording(lambda t: np.where(t < 2, 1.0, 1.5)))
    found, truth = only(results), 0.5 * 3 * 277 * 100 * math.cos(math.radians(30))
    assert code == 0
    low, high = found["measured"]["interval"]
    assert low <= truth <= high
    # two gains of 0.2 % as a maximum permissible error, in squares, k = 2
    assert high - low <= 2.5 * 2 * math.hypot(0.002, 0.002) / math.sqrt(3) * truth
    assert sorted(results["captures"][0]["channels"]) == ["i_a", "i_b", "i_c", "v_a", "v_b", "v_c"]


def test_band_above_what_a_derived_power_passes_is_inconclusive(check):
    spec = SIGNALS + f"  p: {{quantity: active_power, unit: kW, rated: 150 kW, derive: {POWER}}}\n"
    spec += (
        "requirements:\n  - {id: R, kind: band_ripple, signal: p, window: {length: 2 s, step: 1 s},\n"
        "     bands: [{from: 5 Hz, to: 40 Hz, max: 10 kW}]}\n"
    )
    code, results = check(spec, recording(lambda t: 1 + 0.05 * np.sin(2 * math.pi * 7 * t)))
    assert code == 3
    reasons = {reason["code"]: reason["sentence"] for reason in results["findings"][0]["reasons"]}
    assert "bandwidth" in reasons
    assert "averaging over 16.67 ms" in reasons["bandwidth"]


DIFFERENCE = (
    "  p_load: {quantity: active_power, unit: MW, rated: 10 MW}\n"
    "  p_bess: {quantity: active_power, unit: MW, rated: 10 MW}\n"
    "  p_grid: {quantity: active_power, unit: MW, rated: 10 MW, ACCURACYderive: {difference: [p_load, p_bess]}}\n"
    "requirements:\n"
    "  - {id: R, kind: dynamic_range, signal: p_grid, window: 1 s, limits: {peak_to_peak: {max: 1 MW}}}\n"
)


@pytest.mark.parametrize(
    ("agreed", "code", "reason"), [("", 3, "metadata_missing"), ("accuracy: {reading: 1 %}, ", 0, None)]
)
def test_difference_of_like_terms_needs_an_agreed_accuracy(check, agreed, code, reason):
    t = np.arange(24000) / RATE
    channels = {"p_load": 5 + np.sin(t), "p_bess": 3 + 0.7 * np.sin(t)}
    found, results = check(DIFFERENCE.replace("ACCURACY", agreed), channels)
    assert found == code
    assert [r["code"] for r in results["findings"][0]["reasons"]] == ([] if reason is None else [reason])
    truth = 0.3e6 * 2 * math.sin(0.5)
    assert only(results)["measured"]["value"] == pytest.approx(truth, rel=1e-3)


def test_missing_samples_of_one_source_are_missing_of_the_difference(check):
    t = np.arange(24000) / RATE
    channels = {"p_load": 5 + np.sin(t), "p_bess": 3 + 0.7 * np.sin(t)}
    channels["p_bess"][6000:12000] = np.nan
    code, results = check(DIFFERENCE.replace("ACCURACY", "accuracy: {reading: 1 %}, "), channels)
    assert code == 3
    assert "coverage" in [reason["code"] for reason in results["findings"][0]["reasons"]]


# ---------------------------------------------------------------- ends, windows and dips

RISE = (
    "  v_a: {quantity: voltage, unit: V, rated: 277 V, waveform: ac}\n"
    "  v_rms: {quantity: voltage, unit: V, rated: 277 V, derive: {rms: v_a, window: 5 s, refresh: 5 s}}\n"
    "requirements:\n"
    "  - {id: R, kind: regulation, signal: v_rms, aggregate: {method: none},\n"
    "     limits: {p100: {max: 1.1 pu}}}\n"
)


def test_end_of_a_record_that_no_value_stands_for_is_no_evidence(check):
    t = np.arange(round(19 * RATE)) / RATE
    swell = np.where(t > 15.5, 1.5, 1.0)
    code, results = check(RISE, {"v_a": swell * math.sqrt(2) * 277 * np.cos(2 * math.pi * F * t)})
    assert code == 3
    (sentence,) = [r["sentence"] for r in results["findings"][0]["reasons"] if r["code"] == "coverage"]
    assert "v_rms has no value for the last 4 s; a violation in what remains still counts" in sentence


@pytest.mark.parametrize(("seconds", "code"), [(4.0, 3), (65.0, 0)])
def test_what_a_lowpass_takes_to_settle_counts_as_missing(check, seconds, code):
    t = np.arange(round(seconds * RATE)) / RATE
    spec = (
        "  p: {quantity: active_power, unit: MW, rated: 10 MW}\n"
        "  p_slow: {quantity: active_power, unit: MW, rated: 10 MW, derive: {lowpass: p, cutoff: 5 Hz}}\n"
        "requirements:\n"
        "  - {id: R, kind: dynamic_range, signal: p_slow, window: 1 s, limits: {peak_to_peak: {max: 2 MW}}}\n"
    )
    found, _ = check(spec, {"p": 5 + 0.1 * np.sin(t)})
    assert found == code


@pytest.mark.parametrize(
    ("derive", "reason"),
    [
        ("{mean: p, window: 1000000000 s}", "record_too_short"),
        ("{rms: p, window: 100 ms, refresh: 1 ns}", "sample_rate"),
    ],
)
def test_derivation_that_no_memory_could_hold_is_inconclusive(check, derive, reason):
    spec = (
        "  p: {quantity: active_power, unit: MW, rated: 10 MW}\n"
        f"  q: {{quantity: active_power, unit: MW, rated: 10 MW, derive: {derive}}}\n"
        "requirements:\n"
        "  - {id: R, kind: dynamic_range, signal: q, window: 1 s, limits: {peak_to_peak: {max: 2 MW}}}\n"
    )
    code, results = check(spec, {"p": 5 + np.sin(np.arange(24000) / RATE)})
    assert code == 3
    assert reason in [found["code"] for found in results["findings"][0]["reasons"]]


FREQUENCY = (
    "  v_a: {quantity: voltage, unit: V, rated: 277 V, waveform: ac}\n"
    "  f: {quantity: frequency, unit: Hz, rated: 60 Hz, derive: {frequency: v_a, nominal: 60 Hz, window: 200 ms}}\n"
    "requirements:\n"
    "  - {id: R, kind: dynamic_range, signal: f, window: 10 s, limits: {peak_to_peak: {max: 0.1 Hz}}}\n"
)


def test_dip_of_the_voltage_fails_no_clause_on_the_frequency(check):
    t = np.arange(round(30 * RATE)) / RATE
    level = np.where((t >= 10) & (t < 10.1), 0.4, 1.0)
    code, results = check(FREQUENCY, {"v_a": level * math.sqrt(2) * 277 * np.cos(2 * math.pi * F * t)})
    assert code == 3
    assert {r["code"] for r in results["findings"][0]["reasons"]} == {"coverage"}


def test_swing_of_the_frequency_still_fails(check):
    t = np.arange(round(30 * RATE)) / RATE
    turns = F * t + 0.2 / (2 * math.pi * 0.5) * np.sin(2 * math.pi * 0.5 * t)
    code, _ = check(FREQUENCY, {"v_a": math.sqrt(2) * 277 * np.cos(2 * math.pi * turns)})
    assert code == 1
