"""Response of lamp and eye against the Pinst tables of IEC 61000-4-15 edition 2 (requirements.md R15)."""

import cmath
import math

import numpy as np
import pytest
from scipy import signal

from slacheck.measure.lamp import (
    LAMPS,
    analogue,
    digital,
    noise_severity,
    offset_severity,
    response,
    sensation,
    steps_severity,
)

SINUSOIDAL = {0.5: 2.325, 1.0: 1.397, 2.0: 0.879, 5.0: 0.396, 8.8: 0.250, 10.0: 0.261, 20.0: 0.704, 100.0 / 3.0: 2.128}
"""Hz: dU/U that gives P_inst,max = 1, 230 V and 50 Hz. [%]"""


@pytest.mark.parametrize(("frequency", "percent"), SINUSOIDAL.items())
def test_sensation_of_the_sinusoidal_table_is_one(frequency, percent):
    assert sensation(LAMPS[230], frequency, percent / 100.0, 50.0) == pytest.approx(1.0, abs=0.003)


@pytest.mark.parametrize("mains", [50.0, 60.0])
def test_sensation_of_the_reference_of_the_120_volt_lamp_is_one(mains):
    assert sensation(LAMPS[120], 8.8, 0.00321, mains) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("lamp", LAMPS.values(), ids=["230", "120"])
@pytest.mark.parametrize("mains", [50.0, 60.0])
def test_response_is_that_of_the_transfer_function_written_out(lamp, mains):
    for frequency in (0.02, 0.5, 8.8, 33.0):
        s = 2j * cmath.pi * frequency
        w1, w2, w3, w4 = (2.0 * math.pi * value for value in (lamp.first, lamp.second, lamp.third, lamp.fourth))
        eye = lamp.k * w1 * s / (s * s + 4.0 * math.pi * lamp.damping * s + w1 * w1)
        eye *= (1.0 + s / w2) / ((1.0 + s / w3) * (1.0 + s / w4))
        b, a = signal.butter(6, 2.0 * math.pi * (35.0 if mains == 50.0 else 42.0), analog=True)
        low = complex(signal.freqs(b, a, [s.imag])[1][0])
        expected = abs(eye * low * s / (s + 2.0 * math.pi * 0.05))
        assert response(lamp, frequency, mains) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("lamp", LAMPS.values(), ids=["230", "120"])
def test_digital_filter_follows_the_analogue_one_to_a_thousandth_below_25_hz(lamp):
    frequencies = np.array([0.05, 0.5, 2.0, 8.8, 13.5, 20.0, 25.0])
    found = np.abs(signal.sosfreqz(digital(analogue(lamp), 1600.0), frequencies, fs=1600.0)[1])
    low = np.array([math.sqrt(1.0 + (f / 35.0) ** 12) for f in frequencies])
    expected = np.array([response(lamp, f, 50.0) for f in frequencies]) * low
    assert found == pytest.approx(expected, rel=1.5e-3)


def test_noise_severity_grows_with_noise_and_falls_with_the_root_of_the_rate():
    one = noise_severity(0.001, 1.0 / 6400.0, 230, 50.0)
    assert noise_severity(0.003, 1.0 / 6400.0, 230, 50.0) == pytest.approx(3.0 * one)
    assert noise_severity(0.001, 1.0 / 25600.0, 230, 50.0) == pytest.approx(one / 2.0)


def test_offset_severity_is_linear():
    assert offset_severity(0.02, 230, 50.0) == pytest.approx(2.0 * offset_severity(0.01, 230, 50.0))


def test_steps_severity_is_linear_and_falls_with_the_root_of_the_rate():
    one = steps_severity(0.001, 64.0, 230, 50.0)
    assert steps_severity(0.003, 64.0, 230, 50.0) == pytest.approx(3.0 * one)
    assert steps_severity(0.001, 256.0, 230, 50.0) == pytest.approx(one / 2.0)


def test_steps_severity_is_that_of_the_reference_of_the_same_rms():
    # 0.25 % at 8.8 Hz has P_inst,max = 1, so Pst = 0.713863; its rms is 0.25 % / (2 sqrt 2) of the voltage
    step = 0.0025 / (2.0 * math.sqrt(2.0)) * math.sqrt(12.0) * math.sqrt(64.0 / 8.0) * math.sqrt(2.0)
    assert steps_severity(step, 64.0, 230, 50.0) == pytest.approx(0.713863, abs=1e-6)
