"""The language as it is fixed: the example spec and every kind example of the first wave, as printed."""

import pytest
import yaml

from slacheck.errors import SpecError
from slacheck.spec.explain import explain
from slacheck.spec.load import load_spec
from slacheck.spec.plan import plan
from slacheck.spec.plugins import all_kinds
from slacheck.spec.resolved import resolved_yaml

EXAMPLE = """\
slacheck: 1
id: hall-a-power
title: Hall A, dynamic power schedule
version: "2.0"
contract: {reference: MSA-2026-014, schedule: "7", buyer: Example Compute, supplier: Example Power}   # free text values

decision:                        # default: three_state, coverage factor 2
  rule: three_state              # three_state | simple | guarded_acceptance | guarded_rejection
  coverage_factor: 2

signals:
  pcc_power:   {quantity: active_power, unit: MW, rated: 40 MW, channel: P_pcc, accuracy: {reading: 0.5 %}}   # channel: default column name
  bus_voltage: {quantity: voltage, unit: V, rated: 400 V}
  rack_power:  {quantity: active_power, unit: kW, rated: 132 kW}
  v_a:         {quantity: voltage, unit: V, rated: 277 V, waveform: ac}        # an AC waveform: rated is rms
  # derived signals: computed from declared ones before measuring. One operation key each; {mean: x, window: 100 ms} is a sliding mean at the input's rate
  v_rms:       {quantity: voltage, unit: V, rated: 277 V, derive: {rms: v_a, window: 1 cycle, refresh: half_cycle, frequency: 60 Hz}}

tests:
  full_load_step: {title: 10 % to 100 % of rated IT load, description: load bank, repeat: {count: 3}}

requirements:
  - id: DYN-1
    title: Bus voltage after a full load step
    clause: "7.2.1"
    kind: transient_deviation
    signal: bus_voltage
    event: {signal: rack_power, level: 50 %, edge: rising, min_step: 10 kW}
    tests: [full_load_step]      # absent: every capture that has the signals
    severity: mandatory          # mandatory | advisory
    band: {half_width: 1 %, of: rated, about: rated, hold: 100 ms}
    limits: {dip: {max: 15 %}, recovery_time: {max: 80 ms}}
"""  # noqa: E501

MORE_SIGNALS = """\
  bess_power:    {quantity: active_power, unit: MW, rated: 20 MW}
  bess_setpoint: {quantity: active_power, unit: MW, rated: 20 MW}
"""

KINDS = {
    "step_response": """\
kind: step_response              # R01: a response that moves to a new level. One check per limit and event; the worst event decides
signal: bess_power
event:                           # how steps are found. Absent: on the signal itself
  signal: bess_setpoint
  level: 50 %                    # of the range between the levels before and after
  edge: rising                   # rising | falling | any
  min_step: 10 kW
  select: all                    # all | first | last | {nth: 2}
  # or instead of all the above:  at: [12.5 s, 40 s]      seconds from the capture's first sample
window: {before: 200 ms, after: 1 s}
initial: {window: [-200 ms, -10 ms]}        # relative to the event; mean. Or {value: 400 V}
final: {window: [800 ms, 1 s]}              # or {value: 400 V}
target: 5 MW                     # for steady_state_error only
reference_levels: [10 %, 90 %]
settling_band: {half_width: 2 %, of: step, hold: 0 s}   # about the final level. of: step | rated | final
clock_start: event               # event | t10 | t50: where settling_time starts; rise_time is always t90 - t10
limits: {delay_time: {max: 10 ms}, rise_time: {max: 50 ms}, settling_time: {max: 100 ms}, overshoot: {max: 5 %}, undershoot: {max: 2 %}, peak_deviation: {max: 1 MW}, steady_state_error: {max: 1 %}}
""",  # noqa: E501
    "transient_deviation": """\
kind: transient_deviation        # R02: dip, rise and recovery of a level that should hold, after a load step
signal: bus_voltage
event: {signal: rack_power, level: 50 %, edge: any, min_step: 10 kW}
window: {before: 200 ms, after: 5 s}
reference: initial               # initial | rated: what dip and rise are counted from
initial: {window: [-200 ms, -10 ms]}
band: {half_width: 1 %, of: rated, about: rated, hold: 100 ms}      # about: rated | initial | final
limits: {dip: {max: 15 %}, rise: {max: 20 %}, recovery_time: {max: 4 s}}     # % of rated; or the signal's unit
""",
    "ramp_rate": """\
kind: ramp_rate                  # R03
signal: pcc_power
estimator: difference            # difference | least_squares | block
window: 1 s
pre_average: 0 s
allowed_excursion: 0 MW          # only windows with |change| above it count, at their full change
statistic: max                   # max | p99.9 | p99 | p95
limits: {up: {max: 5 MW/s}, down: {max: 5 MW/s}}      # both as magnitudes
""",
    "tracking": """\
kind: tracking                   # R04: ramp tolerance: a response follows its reference within a tube
signal: bess_power
reference: bess_setpoint         # a signal, or {profile: [[0 s, 0 MW], [60 s, 40 MW]]}, time from the capture's first sample
delay_allowance: 100 ms
tube: {value: 2 %, time: 50 ms}  # value: % of rated, pu or unit
limits: {time_in_tube: {min: 99 %}, max_error: {max: 5 %}, rms_error: {max: 2 %}, delay: {max: 200 ms}}
""",  # noqa: E501
    "dynamic_range": """\
kind: dynamic_range              # R05: max - min in any window of this length
signal: pcc_power
window: 1 s
pre_average: 0 s
statistic: max
limits: {peak_to_peak: {max: 10 MW}}
""",
    "band_ripple": """\
kind: band_ripple                # R06. One tapered periodogram per window
signal: pcc_power
window: {length: 200 s, step: 20 s, taper: hann}      # taper: hann | rectangular | blackmanharris | flattop
remove: linear                   # mean | linear
statistic: max                   # over windows: max | p99 | p95 | median | mean
bands:                           # one check each. line_rms and line_peak use the flat-top taper on the same window whatever taper says
  - {from: 0.1 Hz, to: 2 Hz, metric: rms, max: 2 MW}
  - {from: 3 Hz, to: 30 Hz, metric: line_peak, max: 0.5 MW}              # metric: rms | line_rms | line_peak | energy_fraction
  - {from: 0.1 Hz, to: 20 Hz, metric: energy_fraction, reference: {from: 0.05 Hz, to: 100 Hz}, max: 20 %}
""",  # noqa: E501
    "spectral_mask": """\
kind: spectral_mask              # R07
signal: bus_voltage
quantity: rms                    # rms | peak (of a line)  | density
resolution: 1 Hz                 # equivalent noise bandwidth: frame = ENBW in bins / resolution; overlap 50 %, flat-top 75 %
taper: flattop
detector: max_hold               # max_hold | p95 | mean
interpolation: loglog            # loglog | linear | step
mask: [[10 Hz, 0.1 V], [1 kHz, 1 V], [5 kHz, 1 V]]     # a list of such lists: segments with gaps between
noise_floor_margin: 6 dB
""",  # noqa: E501
    "frequency_response": """\
kind: frequency_response         # R09
input: rack_power
output: pcc_power
estimator: H1                    # H1 | H2
window: {length: 100 s, overlap: 50 %, taper: hann}
coherence: {min: 0.8}
averages: {min: 16}              # independent segments
bins: excited                    # excited | all. excited: input at least 10 dB above its local noise floor
magnitude_max: [[0.2 Hz, 0 dB], [1 Hz, -20 dB], [20 Hz, -40 dB]]     # and/or magnitude_min; dB of the ratio in SI units
interpolation: loglog            # dB limits: linear in dB over log f
coverage: {min: 80 %}            # of those bins passing the gates, at least 3, at least one per decade of the mask; the finding names what was not excited
""",  # noqa: E501
    "tolerance_envelope": """\
kind: tolerance_envelope         # R12
signal: v_rms                    # or a list of phases
short: {signal: v_a, below: 100 ms}     # optional: points shorter than this are judged on the deviation of the waveform from its own pre-event fundamental, in pu of sqrt(2) rated, so that zero crossings do not end an event
mode: duration_below             # duration_below | event | anchored | cumulative
assess: supply                   # supply | ride_through
load: {signal: rack_power, min: 90 %}   # ride_through: what must stay on
must_reach: 0.02 pu              # ride_through: the voltage must have come this close to the curve
curve:                           # [level, duration]: may be as far out as this level for at most this long
  low: [[0 pu, 20 ms], [0.7 pu, 500 ms], [0.8 pu, 10 s]]      # so: below 0.7 for at most 20 ms, below 0.8 for at most 500 ms, below 0.9 for at most 10 s
  high: [[2.0 pu, 1 ms], [1.4 pu, 3 ms], [1.2 pu, 500 ms]]
  continuous: [0.9 pu, 1.1 pu]
window: 10 s                     # cumulative: durations are summed over any window of this length
merge_gap: 0 s                   # events closer than this are one
""",  # noqa: E501
    "regulation": """\
kind: regulation                 # R14
signal: v_rms
aggregate: {length: 10 min, method: rms}      # rms | mean | none
limits: {p95: {min: 0.9 pu, max: 1.1 pu}, p100: {min: 0.85 pu, max: 1.1 pu}}
valid: {min: 95 %}
""",
}


def with_kind(example):
    head, _, _ = EXAMPLE.partition("tests:\n")
    body = "".join(f"    {line}\n" for line in example.splitlines())
    return f"{head}{MORE_SIGNALS}\nrequirements:\n  - id: REQ-1\n{body}"


def known(name):
    return name in {kind.name for kind in all_kinds()}


@pytest.fixture
def write(tmp_path):
    def write_spec(text):
        path = tmp_path / "spec.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write_spec


def widths(text):
    return max(len(line) for line in text.splitlines())


def test_example_spec_is_read_as_printed(write):
    spec = load_spec(write(EXAMPLE))
    assert (spec.id, spec.version, spec.contract["schedule"]) == ("hall-a-power", "2.0", "7")
    assert spec.signals["v_rms"].derive.step == 0.5 / 60
    assert spec.where("DYN-1", "limits", "dip").endswith("spec.yaml:32:19")
    assert load_spec(write(resolved_yaml(spec))) == spec
    assert load_spec(spec.resolved) == spec
    assert widths(explain(spec)) <= 80
    assert widths(plan(spec)) <= 80
    assert "15 %" in explain(spec)


@pytest.mark.parametrize("name", KINDS)
def test_kind_example_is_read_as_printed(write, name):
    if not known(name):
        pytest.skip(f"the kind {name} is not in this version")
    spec = load_spec(write(with_kind(KINDS[name])))
    assert len(spec.requirements) == 1
    assert load_spec(write(resolved_yaml(spec))) == spec
    assert load_spec(spec.resolved) == spec
    assert widths(explain(spec)) <= 80
    assert widths(plan(spec)) <= 80


@pytest.mark.parametrize("name", KINDS)
def test_kind_example_every_key_misspelt_is_refused_with_its_name(write, name):
    if not known(name):
        pytest.skip(f"the kind {name} is not in this version")
    example = yaml.safe_load(KINDS[name])
    for key in example:
        if key == "kind":
            continue
        wrong = yaml.safe_dump({(k if k != key else f"{key}x"): v for k, v in example.items()}, sort_keys=False)
        with pytest.raises(SpecError) as caught:
            load_spec(write(with_kind(wrong)))
        problem = next(p for p in caught.value.problems if p.message == f"unknown key {key + 'x'!r}")
        assert problem.fix == f"did you mean {key!r}?"
