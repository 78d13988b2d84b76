# ruff: noqa: E501
"""`remedies:` of a spec: what is refused and where, what is explained, merged, resolved and in the schema."""

import jsonschema
import pytest
import yaml

from slacheck.document import parse_document
from slacheck.errors import SpecError
from slacheck.evidence.credits import credits_of
from slacheck.spec.difference import difference
from slacheck.spec.explain import explain
from slacheck.spec.load import load_spec, resolve
from slacheck.spec.plugins import all_kinds
from slacheck.spec.resolved import resolved_yaml
from slacheck.spec.schema import schema

BASE = """\
slacheck: 1
id: hall
signals:
  p: {quantity: active_power, unit: MW, rated: 40 MW}
  v: {quantity: voltage, unit: V, rated: 400 V}
requirements:
  - {id: A-1, kind: ramp_rate, signal: p, window: 1 s, limits: {up: {max: 5 MW/s}, down: {max: 0 MW/s}}}
  - {id: A-2, kind: regulation, signal: v, aggregate: {length: 1 s, method: mean}, limits: {p95: {min: 0.9 pu, max: 1.1 pu}}}
remedies:
  charge: 1000.00 USD
  credits:
    flat: {requirements: [A-1, A-2], onset: 5 %}
    ramp: {requirements: [A-1], check: up, counts: excess, increments: {per: 1 MW/s, credit: 1 %, rounding: floor}}
    share: {requirements: [A-2], counts: value, schedule: [{below: 95 %, credit: 5 %}, {below: 90 %, credit: 10 %}]}
  headroom:
    reserve: {signal: p, reserved: 1 pu, possible: [0 MW, 44 MW], tariff: 85.00 USD/MWh}
"""


def spec_of(text):
    return resolve(parse_document(text.encode(), "hall.yaml"), all_kinds())


def faults(text):
    try:
        spec_of(text)
    except SpecError as error:
        return [f"{d.line}:{d.column} {d.message}" + ("" if d.fix is None else f" | {d.fix}") for d in error.problems]
    return []


CASES = [
    (
        "85.00 USD",
        "85.00 EUR",
        [
            "16:75 '85.00 EUR/MWh' is in another currency than the charge, '1000.00 USD' | write it in USD; slacheck knows no exchange rate"
        ],
    ),
    (
        "onset: 5 %",
        "onset: 5.00 EUR",
        [
            "12:45 '5.00 EUR' is in another currency than the charge, '1000.00 USD' | write it in USD; slacheck knows no exchange rate"
        ],
    ),
    ("[A-1, A-2], onset", "[A-1, A-3], onset", ["12:32 there is no requirement 'A-3' | did you mean 'A-2'?"]),
    ("[A-1, A-2], onset", "[A-1, A-1], onset", ["12:32 'A-1' stands here twice, and would be counted twice"]),
    ("check: up", "check: upp", ["13:40 A-1 has no check 'upp' | did you mean 'up'?"]),
    ("per: 1 MW/s", "per: 1 MW", ["13:78 '1 MW' does not fit up of A-1, which counts in W/s"]),
    ("per: 1 MW/s", "per: 1", ["13:78 '1' does not fit up of A-1, which counts in W/s"]),
    ("per: 1 MW/s", "per: 0 MW/s", ["13:78 an increment must be more than zero"]),
    (
        "check: up, counts: excess,",
        "counts: excess_percent,",
        [
            "13:41 the limit of down of A-1 is 0, of which nothing is a percentage | write excess",
            "13:75 '1 MW/s' does not fit up of A-1, which counts in %",
            "13:75 '1 MW/s' does not fit down of A-1, which counts in %",
        ],
    ),
    (
        "{below: 95 %",
        "{below: 96 %",
        ["14:68 '96 %' lies inside the limit of p95 of A-2; what passes earns no credit | begin at the limit"],
    ),
    ("{below: 90 %", "{below: 95 %", ["14:96 the steps of a schedule stand in order, the mildest first"]),
    ("credit: 10 %", "credit: 4 %", ["14:110 a deeper step costs less than a milder one"]),
    ("credit: 10 %", "credit: 4.00 USD", ["14:110 the credits of a schedule are all in % or all money"]),
    (
        "onset: 5 %",
        "onset: -5 %",
        ["12:45 expected '5 %' or '12500.00 USD', not negative and at most 1000 %, got '-5 %'"],
    ),
    (
        "1000.00 USD",
        "1000000000000.00 USD",
        [
            "10:11 '1000000000000.00 USD' is no amount of money; write for example '250000.00 USD', digits without separators and three capital letters"
        ],
    ),
    (", onset: 5 %", "", ["12:11 a credit needs onset, increments or schedule"]),
    ("rounding: floor", "rounding: round", ["13:109 expected 'floor', 'ceil' or 'none', got 'round'"]),
    (
        "signal: p, reserved: 1 pu",
        "signal: v, reserved: 1 pu",
        [
            "16:23 the signal 'v' is of voltage; energy is the integral of active power | name a signal of quantity active_power"
        ],
    ),
    (
        "reserved: 1 pu",
        "reserved: 1 V",
        ["16:36 '1 V' does not fit the signal 'p', a active_power in MW | write it in MW, pu or %"],
    ),
    ("USD/MWh", "USD", ["16:75 expected a price of energy such as '85.00 USD/MWh', got '85.00 USD'"]),
    ("1000.00 USD", "1000.00 USD/MWh", ["10:11 expected an amount such as '250000.00 USD', got '1000.00 USD/MWh'"]),
    ("onset: 5 %", "onset: 5 %, over: total", ["12:56 failed_requirements is a sum already | remove it"]),
]


@pytest.mark.parametrize(("old", "new", "expected"), CASES, ids=[new for _, new, _ in CASES])
def test_remedies_fault_says_what_and_where(old, new, expected):
    assert old in BASE
    assert faults(BASE.replace(old, new, 1)) == expected


def test_remedies_whole_block_has_no_fault_and_follows_the_schema():
    assert faults(BASE) == []
    jsonschema.Draft202012Validator(schema("spec")).validate(yaml.safe_load(BASE))


def test_remedies_of_a_faulty_requirement_are_not_looked_at_twice():
    found = faults(BASE.replace("window: 1 s", "window: 1 V", 1))
    assert len(found) == 1
    assert found[0].startswith("7:")


def test_remedies_resolved_again_mean_the_same():
    spec = spec_of(BASE)
    again = resolve(parse_document(resolved_yaml(spec).encode(), "resolved"), all_kinds())
    assert again == spec
    assert spec.resolved["remedies"]["rounding"] == "half_even"
    read = parse_document(resolved_yaml(spec).encode(), "resolved").data["remedies"]
    nothing = {"findings": [], "waivers": []}
    assert credits_of(read, nothing) == credits_of(spec.resolved["remedies"], nothing)


def test_remedies_of_a_base_are_changed_by_name(tmp_path):
    (tmp_path / "base.yaml").write_text(BASE, encoding="utf-8")
    over = "slacheck: 1\nid: over\nextends: base\nremedies: {charge: 2000.00 USD, credits: {flat: {onset: 7 %}}}\n"
    (tmp_path / "over.yaml").write_text(over, encoding="utf-8")
    spec = load_spec(tmp_path / "over.yaml")
    assert spec.remedies is not None
    assert (str(spec.remedies.charge), str(spec.remedies.credits["flat"].onset)) == ("2000.00 USD", "7 %")
    assert list(spec.remedies.credits) == ["flat", "ramp", "share"]
    assert "remedies.credits.flat.onset: 7 %   (there: 5 %)" in explain(spec)
    over = over.replace("2000.00 USD", "2000.00 EUR")
    (tmp_path / "over.yaml").write_text(over, encoding="utf-8")
    with pytest.raises(SpecError, match="knows no exchange rate") as caught:
        load_spec(tmp_path / "over.yaml")
    assert caught.value.problems[0].place.endswith("base.yaml")


def test_remedies_are_explained_with_their_formulas():
    text = explain(spec_of(BASE))
    assert (
        text[text.index("Remedies\n") :]
        == """\
Remedies
--------
Credits are part of a charge of 1000.00 USD and together at most 100 % of the
charge. Every credit and cost is rounded once, to the nearest cent, half a cent
to the even one. Credits of a clause with a waiver in force stay due. No verdict
depends on any of this.

flat
  For           A-1, A-2
  n             the number of these clauses that have a finding of FAIL
  Onset         5 % of the charge, once, as soon as one has failed
  Credit        the smaller of 5 % of the charge and the cap of all credits;
                nothing if nothing has failed

ramp
  For           A-1
  n             how far a failed check lies beyond its limit, of checks up
                alone, of several the worst
  Increments    1 % of the charge for each 1 MW/s of n, whole increments only
  Credit        the smaller of floor(n / 1 MW/s) x 1 % of the charge and the cap
                of all credits; nothing if nothing has failed

share
  For           A-2
  n             the measured value of a failed check, of several the worst
  Schedule      n below 95 %: 5 % of the charge
                n below 90 %: 10 % of the charge
                the deepest step that is reached counts, alone
  Credit        the smaller of the deepest step reached and the cap of all
                credits; nothing if nothing has failed

reserve
  Cost          integral of (1 pu - p(t)) dt x 85.00 USD/MWh, for each capture
  Gaps          bounded by a power between 0 MW and 44 MW
"""
    )


def test_remedies_that_differ_are_no_words():
    old, new = spec_of(BASE), spec_of(BASE.replace("1000.00 USD", "1000.00 USD\n  cap: 30 %"))
    (found,) = difference(old, new)
    assert (found.part, found.category, found.key, found.old, found.new) == (
        "remedies",
        "remedies",
        "cap",
        "100 %",
        "30 %",
    )
    assert difference(old, spec_of(BASE)) == ()
    titled = spec_of(BASE.replace("flat: {", "flat: {title: Flat, "))
    assert [(one.category, one.key) for one in difference(old, titled)] == [("text", "credits.flat.title")]
