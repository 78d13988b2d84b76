"""Records of runs that never were: every verdict, every shape of measured value, hostile names."""

import hashlib
import math

import yaml

from slacheck.contract import (
    CaptureRecord,
    ChannelRecord,
    CheckPlan,
    DecisionRule,
    Definition,
    Effect,
    FileRecord,
    Finding,
    Gate,
    Limit,
    Mark,
    Measurement,
    RunRecord,
    Term,
    Verdict,
    WaiverRecord,
    Witness,
)
from slacheck.decide import decide_check, decide_finding, overall
from slacheck.evidence.canonical import canonical_json
from slacheck.evidence.record import results_document
from slacheck.evidence.trace import Series, Trace, to_parquet
from slacheck.language import Requirement
from slacheck.render import html, junit
from slacheck.values import Interval, Measured, at_least, between, symmetric

HOSTILE = "x</script><script>alert(1)</script>\"'&[red]\x1b[31m\u202ebidi\x00 onload=alert(1)"
RULE = DecisionRule()


def requirement(id, kind="transient_deviation", **more):
    return Requirement.model_validate({"id": id, "kind": kind, **more})


def plan(name, unit="s", display_unit="ms", definition="recovery_time/last_entry@1", text=None, **limit):
    text = text or "from the event until the last entry into +-1 % of rated about rated, held 100 ms"
    return CheckPlan(name, Limit(**limit), unit, display_unit, Definition(definition, text))


def gate(code="coverage", effect=Effect.NO_PASS, passed=True, measured=0.0, required=0.01, sentence=None):
    return Gate(
        code, effect, passed, measured, required, sentence or "0 of 600000 samples of Vdc are missing; allowed are 1 %."
    )


def check(the_plan, measured, gates=(), rule=RULE, **more):
    return decide_check(the_plan, Measurement(the_plan.name, measured=measured, **more), tuple(gates), rule)


def step_trace(at=12.5, limit=340.0):
    """A bus voltage that dips and recovers, with a gap, and the load that did it."""
    start, width, n = 12.3, 5.2 / 400, 400
    x = [start + (i + 0.5) * width for i in range(n)]
    low, high, load = [], [], []
    for t in x:
        y = 400.0 if t < at else 400.0 - 62.0 * math.exp(-(t - at) / 0.4) * math.cos(9.0 * (t - at))
        ripple = 1.5 + 0.5 * math.sin(40 * t)
        gap = 15.0 < t < 15.3
        low.append(math.nan if gap else y - ripple)
        high.append(math.nan if gap else y + ripple)
        load.append(20e3 if t < at else 120e3)
    marks = (
        Mark("hline", "limit", "dip limit 15 %", (limit,), "bus_voltage"),
        Mark("hband", "level", "band 400 V ± 1 %", (396.0, 404.0), "bus_voltage"),
        Mark("vline", "event", "event", (at,)),
        Mark("vband", "window", "initial level", (12.3, 12.49)),
        Mark("point", "worst", "deepest", (at + 0.02, 338.2), "bus_voltage"),
    )
    return Trace(
        "time", x, (Series("bus_voltage", "V", "V", low, high), Series("rack_power", "W", "kW", load, load)), marks
    )


def spectrum_trace():
    x = [0.05 * 1.02**i for i in range(400)]
    y = [1e5 / (1 + f**2) + (4e5 if abs(f - 1.27) < 0.02 else 0.0) + 50.0 for f in x]
    mask = (0.1, 1e6, 1.0, 3e5, 20.0, 2e3)
    marks = (Mark("line", "limit", "mask", mask), Mark("point", "worst", "1.27 Hz", (1.27, 4.38e5), "pcc_power"))
    return Trace("frequency", x, (Series("pcc_power", "W", "MW", y, y),), marks)


def findings(hostile=""):
    """A finding of each verdict; the traces of those that have one."""
    on = {"capture": "runs/step-1.csv", "test": "full_load_step"}
    witness = Witness(("bus_voltage", "rack_power"), 12.3, 17.5, ())
    budget = (Term("gain", 0.1e-3, "common to the record"), Term("time stamps", 0.17e-3, "two crossings"))
    recovery = check(
        plan("recovery_time", max=0.08),
        symmetric(0.0812, "s", 0.0004),
        [gate(), gate("time_resolution", Effect.NO_VERDICT, True, 1e-4, 4e-3, "Vdc has a sample every 0.1 ms.")],
        event=0,
        time=12.5812,
        budget=budget,
        notes=("The offset cancels in the difference." + hostile,),
        witness=witness,
    )
    dip = check(
        plan("dip", "1", "%", "dip/lowest@1", "lowest value below the initial level, in % of rated", max=0.15),
        symmetric(0.123, "1", 0.002),
        [gate()],
        event=0,
        time=12.52,
    )
    dips = [
        check(plan("dip", "1", "%", "dip/lowest@1", max=0.15), symmetric(v, "1", 0.002), [gate()], event=i + 1)
        for i, v in enumerate((0.11, 0.119))
    ]
    never = check(plan("settling_time", max=1.0), at_least(0.85, "s"), [gate()], time=13.4)
    gappy = check(
        plan("up", "W/s", "MW/s", "ramp_rate/difference@1", "P(t) - P(t - 1 s), divided by 1 s", max=5e6),
        symmetric(3.21e6, "W/s", 0.043e6),
        [
            gate(
                passed=False,
                measured=0.1,
                sentence="60000 of 600000 samples of P_pcc are missing (10 %); allowed are 1 %; a PASS needs the whole "
                "record." + hostile,
            )
        ],
    )
    aliased = check(
        plan("bands[0]", "W", "MW", "band_ripple/rms@1", "rms between 0.1 Hz and 2 Hz", max=2e6),
        None,
        [gate("sample_rate", Effect.NO_VERDICT, False, 10.0, 20.0, "P_pcc has 10 S/s; 20 S/s are needed.")],
    )
    regulated = check(
        plan("p95", "1", "1", "regulation/fraction_inside@1", "share of the 10 min values inside", min=0.95),
        between(0.97, "1", 0.93, 0.99),
        [gate()],
    )
    voltage = check(
        plan("level", "V", "V", "level/mean@1", "mean over the record", max=440.0, min=360.0, resolution=0.1),
        symmetric(401.234, "V", 1.6),
        [gate()],
    )
    zero = check(
        plan("low[0 pu]", "s", "s", "tolerance_envelope/longest@1", "longest time below 0.7 pu", max=0.0),
        Measured(0.0, "s", Interval(0.0, 0.0), 0.0),
    )
    mask = check(
        plan("mask", "1", "1", "spectral_mask/ratio@1", "largest ratio of reading to mask", max=1.0),
        symmetric(1.34, "1", 0.12),
        frequency=1.27,
        witness=Witness(("pcc_power",), 0.05, 100.0, (), "frequency"),
    )
    return [
        decide_finding(
            requirement("DYN-1", title="Bus voltage after a full load step" + hostile, clause="7.2.1"),
            *on.values(),
            [dip, *dips, recovery],
            ("P_load is sampled unevenly; the plot shows its own samples." + hostile,),
        ),
        decide_finding(requirement("DYN-2", "step_response", title="Settles"), *on.values(), [never], ()),
        decide_finding(
            requirement("PWR-RAMP-UP", "ramp_rate", note="Agreed 2026-03.", clause="7.10"), *on.values(), [gappy], ()
        ),
        decide_finding(requirement("OSC-1", "band_ripple"), *on.values(), [aliased], ()),
        decide_finding(requirement("REG-1", "regulation", severity="advisory"), *on.values(), [regulated], ()),
        decide_finding(requirement("REG-2", "regulation"), *on.values(), [voltage, zero], ()),
        decide_finding(requirement("MASK", "spectral_mask", clause="8.1"), *on.values(), [mask], ()),
        Finding(
            requirement("OFF", "flicker", applies=False, reason="No lamps."),
            None,
            None,
            Verdict.NOT_APPLICABLE,
            notes=("No lamps.",),
        ),
    ]


def error_finding():
    trace = (
        'Traceback (most recent call last):\n  File "/elsewhere/x/slacheck/kinds/k.py", line 3, in f\nValueError: no'
    )
    return Finding(requirement("BUG-1", "broken"), "runs/step-1.csv", None, Verdict.ERROR, error=trace)


def file_record(name="step-1.csv", role="data", digit="a", size=123456):
    return FileRecord(name, role, digit * 64, size)


def capture_record(hostile=""):
    return CaptureRecord(
        id="runs/step-1.csv",
        test="full_load_step",
        start="2026-11-20T08:00:00Z",
        duration=60.0,
        files=(file_record(), file_record("step-1.csv.meta.yaml", "sidecar", "b", 345)),
        channels=(ChannelRecord("Vdc" + hostile, "V", 10000.0, 600000, 12), ChannelRecord("P", None, 1e4, 600000, 0)),
        signals={"bus_voltage": "Vdc" + hostile, "rack_power": "P"},
        instrument={"model": "PQ 5000" + hostile, "serial": "7.10", "calibration_due": "2027-03-01"},
        notes=("Row 17 repeats the time stamp of row 16." + hostile,),
    )


SPEC = b"slacheck: 1\nid: hall-a-power\n"


def record(hostile="", error=False, only=None, **more):
    found = findings(hostile) + ([error_finding()] if error else [])
    found = [f for f in found if only is None or f.requirement.id in only]
    traces = {
        index: f"traces/{f.requirement.id}-0.parquet"
        for index, f in enumerate(found)
        if f.requirement.id in ("DYN-1", "MASK")
    }
    return RunRecord(
        **{
            "version": "0.1.0",
            "spec_id": "hall-a-power",
            "spec_title": "Hall A, dynamic power schedule" + hostile,
            "spec_version": "2.0",
            "spec_sha256": hashlib.sha256(SPEC).hexdigest(),
            "extends": (),
            "contract": {"reference": "MSA-2026-014", "schedule": "7", "buyer": "Example Compute" + hostile},
            "decision": RULE,
            "captures": (capture_record(hostile),),
            "findings": tuple(found),
            "verdict": overall(found),
            "waivers": (WaiverRecord("DYN-2", "Fixed in B." + hostile, "J. Doe", "2027-01-31", False),),
            "claims": ({"requirement": "DYN-1", "check": "recovery_time", "value": "80 ms"},),
            "traces": traces,
            "providers": {one.requirement.kind: "slacheck" for one in found},
            **more,
        }
    )


def resolved(the_record):
    """What the spec package makes of a spec: plain data with every default."""
    decision = {"rule": the_record.decision.rule, "coverage_factor": the_record.decision.coverage_factor}
    entries = {}
    for finding in the_record.findings:
        r = finding.requirement
        entries[r.id] = {
            "id": r.id,
            "kind": r.kind,
            "severity": r.severity,
            "applies": r.applies,
            "signal": "bus_voltage",
            "band": {"half_width": "1 %", "of": "rated", "hold": "100 ms"},
            "limits": {"dip": {"max": "15 %"}, "recovery_time": {"max": "80 ms"}},
        }
    return {
        "slacheck": 1,
        "id": the_record.spec_id,
        "decision": decision,
        "signals": {"bus_voltage": {"quantity": "voltage", "unit": "V", "rated": "400 V"}},
        "requirements": list(entries.values()),
    }


def traces(the_record):
    made = {"DYN-1": step_trace, "MASK": spectrum_trace}
    return {name: made[the_record.findings[index].requirement.id]() for index, name in the_record.traces.items()}


def members(the_record):
    """The members of a pack, the way `run` makes them."""
    results = results_document(the_record)
    drawn = traces(the_record)
    return {
        "spec.yaml": SPEC,
        "resolved-spec.yaml": yaml.safe_dump(resolved(the_record), sort_keys=False).encode(),
        "results.json": canonical_json(results),
        "junit.xml": junit.render(results),
        "report.html": html.render(results, resolved(the_record), drawn).encode(),
        **{name: to_parquet(trace) for name, trace in drawn.items()},
    }


def files(the_record):
    return [file for capture in the_record.captures for file in capture.files]
