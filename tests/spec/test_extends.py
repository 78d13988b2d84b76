"""A spec laid over another: what is merged, what is replaced, what is said where it goes wrong."""

import pytest

from slacheck.errors import SpecError
from slacheck.spec.explain import explain
from slacheck.spec.extends import shipped
from slacheck.spec.load import load_spec

BASE = """\
slacheck: 1
id: base
version: "2000"
title: Base
strict: false
decision: {coverage_factor: 3}
signals:
  v: {quantity: voltage, unit: V, rated: 120 V, waveform: ac}
  v_rms: {quantity: voltage, unit: V, rated: 120 V, derive: {rms: v, window: 1 cycle, frequency: 60 Hz}}
tests:
  sag: {title: A sag, repeat: {count: 3}}
requirements:
  - id: B-1
    kind: dynamic_range
    signal: v_rms
    window: 1 s
    limits: {peak_to_peak: {max: 10 V}}
    note: "Unverified figure: the limit."
  - {id: B-2, kind: dynamic_range, signal: v_rms, window: 2 s, limits: {peak_to_peak: {max: 10 V}}, tests: [sag]}
"""
OVER = """\
slacheck: 1
id: mine
extends: base
decision: {rule: simple}
signals:
  v: {rated: 277 V}
  v_rms: {rated: 277 V, derive: {rms: v, window: 20 ms, refresh: 10 ms}}
  p: {quantity: active_power, unit: MW}
tests:
  sag: {repeat: {count: 1}}
requirements:
  - {id: P-1, kind: dynamic_range, signal: p, window: 2 s, limits: {peak_to_peak: {max: 10 MW}}}
  - {id: B-1, limits: {peak_to_peak: {max: 5 %}}}
"""


@pytest.fixture
def load(tmp_path):
    """Write `base.yaml` and `mine.yaml`, and read the second."""

    def read(over=OVER, base=BASE):
        (tmp_path / "base.yaml").write_text(base, encoding="utf-8")
        (tmp_path / "mine.yaml").write_text(over, encoding="utf-8")
        return load_spec(tmp_path / "mine.yaml")

    return read


@pytest.fixture
def fault(load, tmp_path):
    """What is said, without the folder."""

    def read(over=OVER, base=BASE):
        with pytest.raises(SpecError) as caught:
            load(over, base)
        return str(caught.value).replace(f"{tmp_path}/", "")

    return read


def test_signals_and_tests_are_merged_by_name_and_derivations_replaced_whole(load):
    spec = load()
    assert spec.signals["v"].rated == 277.0
    assert spec.signals["v"].waveform == "ac"
    assert spec.signals["v_rms"].derive.step == 0.01
    assert spec.signals["v_rms"].derive.frequency is None
    assert (spec.tests["sag"].title, spec.tests["sag"].repeat) == ("A sag", 1)
    assert (spec.decision.rule, spec.decision.coverage_factor) == ("simple", 3.0)


def test_requirements_keep_the_order_of_the_base_and_new_ones_follow(load):
    spec = load()
    assert [requirement.id for requirement in spec.requirements] == ["B-1", "B-2", "P-1"]
    assert spec.requirements[0].limits.peak_to_peak.max.text == "5 %"
    assert spec.requirements[0].window.text == "1 s"
    assert spec.requirements[0].note == "Unverified figure: the limit."


def test_what_is_a_documents_own_is_not_inherited(load, fault):
    spec = load()
    assert (spec.id, spec.version, spec.title) == ("mine", None, None)
    assert "the key 'id' is missing" in fault(OVER.replace("id: mine\n", ""))


def test_clause_is_switched_off_with_a_reason(load):
    spec = load(OVER + "  - {id: B-2, applies: false, reason: no sags here}\n")
    assert [requirement.applies for requirement in spec.requirements] == [True, False, True]


def test_spec_that_only_extends_has_all_of_the_base(load):
    assert len(load("slacheck: 1\nid: mine\nextends: base.yaml\n").requirements) == 2


def test_resolved_spec_stands_alone_and_means_the_same(load):
    spec = load()
    again = load_spec(spec.resolved)
    assert again == spec
    assert again.extends == ()


def test_evidence_of_the_base_is_its_digest(load):
    (base,) = load().extends
    assert (base.reference, base.id, base.version) == ("base", "base", "2000")
    assert base.document.raw == BASE.encode()


def test_explain_shows_every_override_beside_what_it_was(load):
    text = explain(load())
    first = text.index("Extends base (base, version 2000, SHA-256 ")
    assert text[text.index("\n", first) : text.index("\n\n", first)] == (
        """
    decision.rule: simple
    signal v: rated: 277 V   (there: 120 V)
    signal v_rms: rated: 277 V   (there: 120 V)
    signal v_rms: derive: {rms: v, window: 20 ms, refresh: 10 ms}   (there:
    {rms: v, window: 1 cycle, frequency: 60 Hz})
    signal p: {quantity: active_power, unit: MW}
    test sag: repeat.count: 1   (there: 3)
    B-1: limits.peak_to_peak.max: 5 %   (there: 10 V)
    requirement P-1: added here"""
    )


def test_fault_is_placed_in_the_file_that_says_what_is_wrong(fault):
    assert fault(base=BASE.replace("window: 2 s", "window: 2 x")).startswith("base.yaml:19:59: error: unknown unit 'x'")
    assert fault(OVER.replace("5 %", "5 kW")).startswith(
        "mine.yaml:13:44: error: '5 kW' does not fit the signal 'v_rms'"
    )


@pytest.mark.parametrize(
    ("over", "base", "expected"),
    [
        (
            OVER.replace("{id: B-1,", "{id: B-1, kind: ramp_rate,"),
            BASE,
            "mine.yaml:13:21: error: the clause is a dynamic_range in the spec that this one extends",
        ),
        (OVER, BASE.replace("id: base", "id: base\nextends: mine"), "base.yaml:3:10: error: 'mine' comes back to this"),
        (
            OVER.replace("extends: base", "extends: [base]"),
            BASE,
            "mine.yaml:3:10: error: expected the name of one spec",
        ),
        (OVER, "- 1\n", "base.yaml:1:1: error: expected a mapping"),
        (
            OVER.replace("extends: base", "extends: bass"),
            BASE,
            "mine.yaml:3:10: error: there is no spec 'bass' beside this one, nor one that is installed",
        ),
    ],
)
def test_base_that_cannot_be_extended_is_refused(fault, over, base, expected):
    assert fault(over, base).startswith(expected)


def test_chain_of_bases_ends_after_four(tmp_path):
    for number in range(6):
        text = f"slacheck: 1\nid: s{number}\nextends: s{number + 1}\n"
        (tmp_path / f"s{number}.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SpecError, match="more than 4 specs extend one another"):
        load_spec(tmp_path / "s0.yaml")


@pytest.mark.parametrize("path", sorted(set(shipped())), ids=lambda path: path.stem)
def test_installed_profile_is_found_by_name_from_python_data(path):
    spec = load_spec({"slacheck": 1, "id": "mine", "extends": f"profiles/{path.stem}"})
    assert spec.requirements
    assert spec.extends[0].document.place == f"profiles/{path.stem}"


def test_base_is_looked_for_beside_the_spec_that_names_it(tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "root.yaml").write_text(BASE, encoding="utf-8")
    (tmp_path / "far" / "middle.yaml").write_text("slacheck: 1\nid: middle\nextends: root\n", encoding="utf-8")
    (tmp_path / "mine.yaml").write_text("slacheck: 1\nid: mine\nextends: far/middle\n", encoding="utf-8")
    spec = load_spec(tmp_path / "mine.yaml")
    assert [base.id for base in spec.extends] == ["middle", "base"]
    assert [requirement.id for requirement in spec.requirements] == ["B-1", "B-2"]


def test_id_that_stands_twice_above_a_base_is_an_error(fault):
    over = OVER + "  - {id: B-1, limits: {peak_to_peak: {max: 3 %}}}\n"
    assert fault(over).splitlines()[0] == (
        "mine.yaml:14:10: error: the requirement id 'B-1' stands here again; first at mine.yaml:13:10"
    )


@pytest.mark.parametrize(("version", "said"), [("slacheck: 2\n", "version 2"), ("", "no version")])
def test_base_of_another_language_version_is_refused(fault, version, said):
    message = fault(base=BASE.replace("slacheck: 1\n", version))
    assert message.startswith("base.yaml:1:")
    assert f"the spec that mine.yaml extends states {said} of the language; this slacheck reads 1" in message


def test_language_version_of_the_base_is_not_inherited(fault):
    assert "slacheck" in fault(OVER.replace("slacheck: 1\n", ""))


def test_absolute_base_is_refused(fault, tmp_path):
    message = fault(OVER.replace("extends: base", f"extends: {tmp_path / 'base.yaml'}"))
    assert "the name is an absolute path, which nobody else can follow" in message


def test_base_name_longer_than_any_file_name_has_a_place(fault):
    assert fault(OVER.replace("extends: base", f"extends: {'b' * 5000}")).startswith("mine.yaml:3:")
