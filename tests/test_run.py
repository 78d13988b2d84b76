"""Which requirement looks at which capture, repeats, conditions, errors and waivers: the pipeline's own rules."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

import slacheck
from slacheck import Capture
from slacheck.contract import Accuracy
from slacheck.engine import judge
from slacheck.evidence.pack import write_pack
from slacheck.evidence.verify import verify
from slacheck.render.text import render
from slacheck.run import Binding, check

RANGE = {"kind": "dynamic_range", "signal": "p", "window": "100 ms", "limits": {"peak_to_peak": {"max": "1 MW"}}}


def spec(*requirements, **more):
    return slacheck.load_spec(
        {
            "slacheck": 1,
            "id": "s",
            "signals": {
                "p": {"quantity": "active_power", "unit": "MW", "rated": "10 MW"},
                "load": {"quantity": "active_power", "unit": "MW", "rated": "10 MW"},
            },
            "tests": {"a": {"title": "A", "repeat": {"count": 2}}, "b": {"title": "B"}},
            "requirements": [{"id": f"R{i}", **RANGE, **r} for i, r in enumerate(requirements)],
            **more,
        }
    )


def capture(name="one", channel="p", seed=0, size=2000, **more):
    p = 5 + 0.1 * np.random.default_rng(seed).normal(size=size)
    known = {"units": {channel: "MW"}, "accuracy": {channel: Accuracy(0.001)}, **more}
    return Capture.from_arrays({channel: p}, sample_rate=1000.0, id=name, **known)


def findings(asked, *bindings):
    return check(asked, bindings).results["findings"]


def codes(finding):
    return [reason["code"] for reason in finding["reasons"]]


def test_requirement_without_tests_is_judged_on_every_capture_that_has_its_signals():
    found = findings(spec({}), Binding(capture("one")), Binding(capture("two", "q")), Binding(capture("three")))
    assert [finding["capture"] for finding in found] == ["one", "three"]


def test_requirement_that_no_capture_can_answer_is_one_inconclusive_finding():
    (found,) = findings(spec({}), Binding(capture("two", "q")))
    assert (found["verdict"], found["capture"], codes(found)) == ("INCONCLUSIVE", None, ["no_capture"])
    assert [check["name"] for check in found["checks"]] == ["peak_to_peak"]


def test_requirement_with_tests_is_judged_on_captures_of_those_tests_alone():
    found = findings(spec({"tests": ["b"]}), Binding(capture("one"), "a"), Binding(capture("two"), "b"))
    assert [finding["capture"] for finding in found] == ["two"]


def test_capture_of_the_test_without_the_signal_is_inconclusive():
    (found,) = findings(spec({"tests": ["b"]}), Binding(capture("two", "q"), "b"))
    assert (found["verdict"], found["capture"], codes(found)) == ("INCONCLUSIVE", "two", ["channel_missing"])


def test_capture_without_a_test_stands_for_every_test():
    found = findings(spec({"tests": ["a"]}, {"tests": ["b"]}), Binding(capture()))
    assert [finding["verdict"] for finding in found] == ["PASS", "PASS"]
    assert "The test a asks for 2 repeats" in found[0]["notes"][-1]


def test_too_few_repeats_of_a_bound_test_block_a_pass():
    (found,) = findings(spec({"tests": ["a"]}), Binding(capture(), "a"))
    assert (found["verdict"], codes(found)) == ("INCONCLUSIVE", ["repeats_missing"])


def test_too_few_repeats_leave_a_fail_a_fail():
    wild = Capture.from_arrays(
        {"p": np.linspace(0, 100, 2000)}, sample_rate=1000.0, units={"p": "MW"}, accuracy={"p": Accuracy(0.001)}
    )
    (found,) = findings(spec({"tests": ["a"]}), Binding(wild, "a"))
    assert found["verdict"] == "FAIL"


def test_same_recording_under_two_names_is_no_repeat(tmp_path):
    rows = "".join(f"{i / 1000},{5 + i % 3 / 100}\n" for i in range(2000))
    for name in ("one.csv", "two.csv"):
        (tmp_path / name).write_text("t [s],p [MW]\n" + rows)
    bindings = [Binding(slacheck.open_capture(tmp_path / name), "a") for name in ("one.csv", "two.csv")]
    asked = spec({"tests": ["a"], "decision": {"rule": "simple"}})
    assert [codes(finding) for finding in findings(asked, *bindings)] == [["repeats_missing"], ["repeats_missing"]]


@pytest.mark.parametrize(("least", "verdict"), [("4 MW", "PASS"), ("60 %", "INCONCLUSIVE")])
def test_condition_that_is_not_met_leaves_the_clause_unjudged(least, verdict):
    asked = spec({"conditions": [{"signal": "p", "min": least, "for": "1 s"}]})
    (found,) = findings(asked, Binding(capture()))
    assert found["verdict"] == verdict
    assert codes(found) == ([] if verdict == "PASS" else ["condition_not_met"])


def test_missing_accuracy_is_inconclusive_but_shows_the_number_unless_the_rule_is_simple():
    bare = Capture.from_arrays({"p": 5 + np.zeros(2000)}, sample_rate=1000.0, units={"p": "MW"})
    strict, simple = findings(spec({}, {"decision": {"rule": "simple"}}), Binding(bare))
    assert (strict["verdict"], codes(strict)) == ("INCONCLUSIVE", ["metadata_missing"])
    assert strict["checks"][0]["measured"]["value"] == 0.0
    assert simple["verdict"] == "PASS"


def test_clause_that_does_not_apply_is_neutral():
    run = check(spec({}, {"applies": False, "reason": "not built"}), [Binding(capture())])
    assert [finding["verdict"] for finding in run.results["findings"]] == ["PASS", "NOT_APPLICABLE"]
    assert run.results["verdict"] == "PASS"


def test_bug_in_a_kind_is_an_error_of_that_requirement_alone(monkeypatch):
    real = judge.condition_gates

    def broken(requirement, *rest):
        if requirement.id == "R0":
            raise ZeroDivisionError("bug")
        return real(requirement, *rest)

    monkeypatch.setattr(judge, "condition_gates", broken)
    run = check(spec({}, {}), [Binding(capture())])
    assert [finding["verdict"] for finding in run.results["findings"]] == ["ERROR", "PASS"]
    assert run.results["verdict"] == "ERROR"
    assert "ZeroDivisionError: bug" in run.results["findings"][0]["error"]


def test_members_and_verdicts_do_not_depend_on_the_order_of_captures():
    one, two = Binding(capture("one", seed=1)), Binding(capture("two", seed=2))
    forward, backward = check(spec({}), [one, two]).results, check(spec({}), [two, one]).results
    key = lambda finding: finding["capture"]  # noqa: E731
    drop = lambda finding: {k: v for k, v in finding.items() if k != "witness"}  # noqa: E731
    assert [drop(f) for f in sorted(forward["findings"], key=key)] == [
        drop(f) for f in sorted(backward["findings"], key=key)
    ]


def test_spec_that_is_laid_over_another_keeps_both_in_the_evidence(tmp_path):
    base = tmp_path / "base.yaml"
    base.write_text(
        "slacheck: 1\nid: base\nversion: '2000'\nsignals: {p: {quantity: active_power, unit: MW, rated: 10 MW}}\n"
        "requirements:\n  - {id: R, kind: dynamic_range, signal: p, window: 100 ms,\n"
        "     note: 'Unverified figure: the limit.', limits: {peak_to_peak: {max: 1 MW}}}\n",
        encoding="utf-8",
    )
    mine = tmp_path / "mine.yaml"
    mine.write_text("slacheck: 1\nid: mine\nextends: base\n", encoding="utf-8")
    run = check(slacheck.load_spec(mine), [Binding(capture("one"))])
    assert run.results["spec"]["extends"] == [
        {"reference": "base", "id": "base", "version": "2000", "sha256": hashlib.sha256(base.read_bytes()).hexdigest()}
    ]
    assert run.members["extends/0.yaml"] == base.read_bytes()
    text = render(run.results)
    assert "extends base (base 2000)\nfigures not verified at their source: R\n" in text
    assert "R (unverified figures)" in text.replace("  (", " (")
    assert '<span class="tag">unverified figures</span>' in run.members["report.html"].decode()
    pack = tmp_path / "pack.zip"
    write_pack(pack, run.members, [])
    assert verify(pack).ok
    write_pack(pack, {**run.members, "extends/0.yaml": base.read_bytes() + b"\n"}, [])
    assert "extends/0.yaml is not what the results say that spec.yaml extends" in "\n".join(verify(pack).lines)


def steady(folder):
    """A recording whose samples stay in its file."""
    np.save(folder / "p.npy", np.full(1000, 5.0))
    sidecar = "slacheck: 1\nchannels: {x: {unit: MW, accuracy: {reading: 0.1 %}}}\ntime: {sample_rate: 1 kHz}\n"
    (folder / "p.npy.meta.yaml").write_text(sidecar)
    return folder / "p.npy"


@pytest.mark.parametrize("how", ["written to", "grown"])
def test_recording_that_is_written_to_while_it_is_measured_gives_no_verdict(tmp_path, how):
    path = steady(tmp_path)
    asked = spec({"id": "R", **RANGE})
    with slacheck.open_capture(path) as capture:
        binding = Binding(capture, signals={"p": "x"})
        assert check(asked, [binding]).record.verdict == "PASS"
        with path.open("r+b") as file:
            file.seek(-8 if how == "written to" else 0, 2)
            file.write(np.float64(50.0).tobytes())
        with pytest.raises(slacheck.SlacheckError, match="the file changed while it was read") as error:
            check(asked, [binding])
    assert str(error.value).endswith("fix: wait until the recorder has finished")


def test_recording_that_is_replaced_or_removed_is_still_the_one_that_was_opened(tmp_path):
    path = steady(tmp_path)
    with slacheck.open_capture(path) as capture:
        path.rename(tmp_path / "old.npy")
        binding = Binding(capture, signals={"p": "x"})
        first = check(spec({"id": "R", **RANGE}), [binding])
        np.save(path, np.full(1000, 50.0))
        assert check(spec({"id": "R", **RANGE}), [binding]).results_json == first.results_json
