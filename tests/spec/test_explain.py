# ruff: noqa: E501
"""Clauses in words: every default, every condition, every rule, at 80 columns."""

from pathlib import Path

import pytest

from slacheck.spec.explain import RULES, explain
from slacheck.spec.load import load_spec

MORE = """\
  - {id: A-3, kind: level, signal: v_rms, limits: {high: {max: 300 V}}, decision: {rule: simple}, note: Why., severity: advisory}
  - {id: A-4, kind: level, signal: p, limits: {high: {max: 1 MW}}, applies: false, reason: Phase 2}
"""

EXPLAINED = """\
Hall A (hall, version 1.0)
==========================
Contract: reference MSA-1
Decision rule three_state: PASS where the whole interval (value with its
  expanded uncertainty, k = 2) lies inside the limit, FAIL where all of it lies
  outside, else INCONCLUSIVE.
Nothing passes without a calibration that is in force.

Signals
  p       active_power in MW; rated 40 MW; channel p (default); accuracy 0.5 %
          of reading as a maximum permissible error, where the capture declares
          none
  v       voltage in V, an AC waveform; channel v (default)
  v_rms   voltage in V; root mean square of v over the 16.67 ms before it, a
          value each 8.333 ms
  p_mean  active_power in MW; rated 20 MW; mean of p over the 100 ms before it

A-1
---
The level of p shall stay within limits.

  high: from -5 % to 5 %, rounded to 0.1 %, half to even, before comparing
    is the level; % of rated
    definition level/max@1
  low: at least 1 MW
    is the level; % of rated
    definition level/max@1

  Kind          level (mandatory)
  Keys          signal: p
                window.length: 1 s
                window.taper: hann   (default)
                statistic: max   (default)
                offset: 0 s   (default)
                limits.high.max: 5 %
                limits.high.min: -5 %
                limits.high.resolution: 0.1 %
                limits.low.min: 1 MW
  Decision      three_state, as above
  Condition     p_mean at least 90 % of rated (18 MW) for 60 s without a break
  Tests         step (Full step), 3 times

A-2
---
p_mean shall follow p.

  delay: at most 20 ms
    is the delay
    definition follow/delay@1

  Kind          follow (mandatory)
  Keys          input: p
                output: p_mean
                reference: p
                delay.max: 20 ms
  Decision      three_state, as above
  Tests         every capture that has the signals (default)

A-3
---
The level of v_rms shall stay within limits.

  high: at most 300 V
    is the level; % of rated
    definition level/max@1

  Kind          level (advisory)
  Keys          signal: v_rms
                window.length: 1 s   (default)
                window.taper: hann   (default)
                statistic: max   (default)
                offset: 0 s   (default)
                limits.high.max: 300 V
  Decision      simple: PASS where the value lies inside the limit, FAIL where
                it lies outside; uncertainty is shown only; of this clause alone
  Tests         every capture that has the signals (default)
  Note          Why.

A-4
---
The level of p shall stay within limits.

  high: at most 1 MW
    is the level; % of rated
    definition level/max@1

  Kind          level (mandatory)
  Keys          signal: p
                window.length: 1 s   (default)
                window.taper: hann   (default)
                statistic: max   (default)
                offset: 0 s   (default)
                limits.high.max: 1 MW
  Decision      three_state, as above
  Tests         every capture that has the signals (default)
  Not applied   Phase 2
"""


@pytest.fixture
def spec(base, read):
    text = base.replace(
        "id: hall", "id: hall\ntitle: Hall A\nversion: 1.0\nrequire: [calibration]\ncontract: {reference: MSA-1}"
    )
    text = text.replace("high: {max: 5 MW}", "high: {max: 5 %, min: -5 %, resolution: 0.1 %}")
    text = text.replace(
        "p_mean: {quantity: active_power, unit: MW,", "p_mean: {quantity: active_power, unit: MW, rated: 20 MW,"
    )
    return read(text.replace("min: 10 MW", "min: 90 %") + MORE)


def test_explain_says_everything_that_the_spec_means(spec):
    assert explain(spec) == EXPLAINED


@pytest.mark.parametrize("rule", RULES)
def test_explain_words_every_decision_rule(base, read, rule):
    text = explain(read(base.replace("three_state", rule).replace("coverage_factor: 2", "coverage_factor: 1.65")))
    words = " ".join(text.split())
    assert f"Decision rule {rule}: {RULES[rule].format(k='1.65')}." in words


def test_explain_derived_and_full_scale_accuracy(base, read):
    text = base.replace("{reading: 0.5 %}", "{reading: 0.5 %, range: 0.1 %, full_scale: 60 MW, coverage_factor: 2}")
    words = " ".join(explain(read(text)).split())
    assert "accuracy 0.5 % of reading and 0.1 % of the full scale of 60 MW expanded with k = 2" in words


def documents():
    return sorted(Path(__file__).parents[2].glob("specs/*/*.yaml"))


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.stem)
def test_explain_committed_specs_fit_80_columns(path):
    text = explain(load_spec(path))
    assert max(len(line) for line in text.splitlines()) <= 80
    assert not any(line != line.rstrip() for line in text.splitlines())
