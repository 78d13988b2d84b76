"""Headroom of a capture: value, accuracy, gaps, and what leaves it without bounds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.capture.capture import Capture
from slacheck.run import Binding, check
from slacheck.spec.load import load_spec

RATE = 10.0


def headroom(samples, accuracy="1 %", waveform_rate=RATE, **keys):
    """The only headroom of a run on these samples, in MW, and the verdict."""
    signal = {"quantity": "active_power", "unit": "MW", "rated": "100 MW"}
    if accuracy is not None:
        signal["accuracy"] = {"reading": accuracy, "coverage_factor": 2}
    spec = load_spec(
        {
            "slacheck": 1,
            "id": "x",
            "signals": {"p": signal},
            "requirements": [
                {"id": "A", "kind": "ramp_rate", "signal": "p", "window": "1 s", "limits": {"up": {"max": "900 MW/s"}}}
            ],
            "remedies": {
                "charge": "1000.00 USD",
                "headroom": {"h": {"signal": "p", "reserved": "100 MW", "tariff": "36.00 USD/MWh"} | keys},
            },
        }
    )
    capture = Capture.from_arrays({"p": np.asarray(samples, dtype=float)}, sample_rate=waveform_rate, units={"p": "MW"})
    results = check(spec, [Binding(capture)]).results
    return results["remedies"]["headroom"][0], results["verdict"]


def costs(found):
    return found["amount_cents"], found["lowest_cents"], found["highest_cents"]


def test_headroom_of_a_whole_record_is_bounded_by_the_accuracy():
    found, _ = headroom(np.full(1000, 60.0))
    # 40 MW for 100 s are 4000 MJ, at 1 cent a MJ; 1 % of 6000 MJ are 60
    assert costs(found) == (4000, 3940, 4060)
    assert found["steps"] == [
        "100 MW less p, integrated over 100 s: 1.111111111 MWh",
        "1.111111111 MWh x 36.00 USD/MWh = 40.00 USD",
    ]


def test_headroom_that_was_overused_is_negative_and_its_positive_part_is_zero():
    assert costs(headroom(np.full(1000, 120.0))[0])[0] == -2000
    found, _ = headroom(np.full(1000, 120.0), integrand="positive_part")
    assert costs(found) == (0, 0, 120)


def test_headroom_gap_without_agreed_powers_has_no_bound():
    power = np.full(1000, 60.0)
    power[100:200] = np.nan
    found, _ = headroom(power)
    assert costs(found) == (3600, None, None)
    assert found["missing"] == pytest.approx(10.0)
    assert found["notes"] == [
        "p has no sample for 10 s; agree `possible:` in the spec, the least and the most power that can have been used "
        "there."
    ]


def test_headroom_gap_with_agreed_powers_is_bounded_by_them():
    power = np.full(1000, 60.0)
    power[100:200] = np.nan
    found, _ = headroom(power, possible=["0 MW", "110 MW"])
    # the gap is worth -100 .. 1000 MJ; 1 % of 5400 MJ, and of 110 MW over 10 s, are 65
    assert costs(found) == (3600, 3600 - 100 - 65, 3600 + 1000 + 65)


def test_headroom_without_an_accuracy_has_no_bound():
    found, _ = headroom(np.full(1000, 60.0), accuracy=None)
    assert costs(found) == (4000, None, None)
    assert found["notes"] == ["No accuracy is known of p; declare it in the sidecar, or agree one in the spec."]


def test_headroom_without_its_signal_says_so():
    capture = Capture.from_arrays({"q": np.zeros(50)}, sample_rate=RATE, units={"q": "MW"})
    spec = load_spec(
        {
            "slacheck": 1,
            "id": "x",
            "signals": {
                "p": {"quantity": "active_power", "unit": "MW", "rated": "100 MW"},
                "q": {"quantity": "active_power", "unit": "MW", "rated": "100 MW"},
            },
            "requirements": [
                {"id": "A", "kind": "ramp_rate", "signal": "q", "window": "1 s", "limits": {"up": {"max": "9 MW/s"}}}
            ],
            "remedies": {
                "charge": "1.00 USD",
                "headroom": {"h": {"signal": "p", "reserved": "1 pu", "tariff": "1.00 USD/MWh"}},
            },
        }
    )
    (found,) = check(spec, [Binding(capture)]).results["remedies"]["headroom"]
    assert (found["capture"], found["energy"], costs(found)) == (None, None, (None, None, None))
    assert found["notes"] == ["None of the 1 captures has the signal p; record it, or map it."]


def test_headroom_of_a_power_beyond_what_json_holds_is_not_written():
    power = np.full(1000, 60.0)
    power[500] = -9.4e28
    found, _ = headroom(power)
    assert costs(found) == (None, None, None)
    assert found["steps"] == ["the cost is too large to be written"]


def test_headroom_at_a_tariff_beyond_what_json_holds_is_not_written():
    found, _ = headroom(np.full(1000, 60.0), tariff="999999999999.00 USD/kWh", reserved="999999 GW")
    assert costs(found) == (None, None, None)
    assert found["steps"] == ["the cost is too large to be written"]


@pytest.mark.property
@settings(max_examples=15, deadline=None)
@given(st.data(), st.sampled_from(["difference", "positive_part"]))
def test_headroom_more_missing_samples_never_narrow_the_bounds(data, integrand):
    power = np.random.default_rng(data.draw(st.integers(0, 9))).uniform(0.0, 110.0, 60)
    keys = {"integrand": integrand, "possible": ["0 MW", "110 MW"]}
    first, last = sorted(data.draw(st.lists(st.integers(1, 59), min_size=2, max_size=2)))
    power[first:last] = np.nan
    (low, high) = headroom(power, **keys)[0]["interval"]
    more = power.copy()
    more[max(1, first - 5) : min(59, last + 5)] = np.nan
    (lower, higher) = headroom(more, **keys)[0]["interval"]
    assert lower <= low + 1e-3
    assert high <= higher + 1e-3
