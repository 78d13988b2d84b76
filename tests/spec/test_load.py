"""What a spec means once it is read, from a file and from Python data; and that nothing but SpecError leaves."""

import json
from datetime import date

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slacheck.contract import Accuracy, DecisionRule, Derive
from slacheck.errors import SpecError
from slacheck.spec.load import load_spec
from slacheck.spec.model import Test
from slacheck.spec.resolved import resolved_yaml
from slacheck.units import parse_quantity


def test_spec_values_are_in_base_units(base, read):
    spec = read(base)
    power, rms, mean = spec.signals["p"], spec.signals["v_rms"], spec.signals["p_mean"]
    assert (power.base, power.unit, power.rated, power.channel) == ("W", "MW", 40e6, None)
    assert power.accuracy == Accuracy(reading=0.005, source="spec")
    assert spec.signals["v"].waveform == "ac"
    assert rms.derive == Derive("rms", ("v",), 1 / 60, 0.5 / 60, frequency=60.0)
    assert mean.derive == Derive("mean", ("p",), 0.1, None)
    assert spec.tests == {"step": Test("step", "Full step", None, 3)}
    assert spec.decision == DecisionRule("three_state", 2.0)
    assert [spec.kind(requirement).name for requirement in spec.requirements] == ["level", "follow"]
    assert spec.requirements[0].window.length.value == 1.0


@pytest.mark.parametrize(
    ("derive", "expected"),
    [
        ("{rms: v, window: 20 ms, refresh: 10 ms}", Derive("rms", ("v",), 0.02, 0.01)),
        (
            "{rms: v, window: 10 cycles, refresh: cycle, frequency: 50 Hz}",
            Derive("rms", ("v",), 0.2, 0.02, frequency=50.0),
        ),
        ("{rms: v, window: 200 ms, frequency: 50 Hz}", Derive("rms", ("v",), 0.2, 0.01, frequency=50.0)),
        ("{mean: v, window: 3 cycles, frequency: 50 Hz}", Derive("mean", ("v",), 0.06, None)),
    ],
)
def test_derived_signal_windows_are_seconds(base, read, derive, expected):
    text = base.replace("{rms: v, window: 1 cycle, refresh: half_cycle, frequency: 60 Hz}", derive)
    assert read(text).signals["v_rms"].derive == expected


def test_text_keys_keep_the_source_text(base, read):
    text = base.replace("id: hall", "id: 010\nversion: 7.10\ntitle: on\ncontract: {schedule: 7.10, signed: 2026-11-20}")
    spec = read(text.replace("    kind: level", "    kind: level\n    clause: 7.10"))
    assert (spec.id, spec.version, spec.title) == ("010", "7.10", "on")
    assert spec.contract == {"schedule": "7.10", "signed": "2026-11-20"}
    assert spec.requirements[0].clause == "7.10"
    assert all(type(text) is str for text in (spec.id, spec.version, *spec.contract.values()))


def test_where_names_the_line_of_a_requirement_and_its_parts(base, read):
    spec = read(base)
    assert spec.where("A-1") == "s.yaml:12:5"
    assert spec.where("A-1", "limits", "high", "max") == "s.yaml:16:26"
    assert spec.where("A-2", "nothing", "there") == "s.yaml:19:5"
    with pytest.raises(KeyError):
        spec.where("A-3")


def test_digest_is_of_the_bytes_that_were_read(base, read):
    spec = read(base)
    assert spec.raw == base.encode()
    assert spec.sha256 != read(base + "# comment\n").sha256
    assert spec == read(base + "# comment\n")  # but it means the same


# ---------------------------------------------------------------- resolved


def test_resolved_has_every_default_filled_in(base, read):
    text = base.replace(" refresh: half_cycle,", "").replace("decision: {rule: three_state, coverage_factor: 2}\n", "")
    resolved = read(text).resolved
    assert resolved["decision"] == {"rule": "three_state", "coverage_factor": 2.0}
    assert resolved["signals"]["v_rms"]["derive"]["refresh"] == "half_cycle"
    assert resolved["requirements"][0] == {
        "id": "A-1",
        "kind": "level",
        "tests": ["step"],
        "severity": "mandatory",
        "conditions": [{"signal": "p_mean", "min": "10 MW", "for": "60 s"}],
        "applies": True,
        "signal": "p",
        "window": {"length": "1 s", "taper": "hann"},
        "statistic": "max",
        "offset": "0 s",
        "limits": {"high": {"max": "5 MW"}, "low": {"min": "1 MW"}},
    }
    assert json.loads(json.dumps(resolved)) == resolved


VARIANTS = [
    ("base", "", ""),
    ("text that looks like other things", "title: Full step", "title: 'on', description: \"1: [a], #b\""),
    ("several lines", "title: Full step", 'description: "one\\ntwo\\n"'),
    ("profile", "reference: p,", "reference: {profile: [[0 s, 0 MW], [1 s, 2 %]]},"),
    ("refresh as a time", "refresh: half_cycle, frequency: 60 Hz", "refresh: 5 ms, frequency: 60 Hz"),
    ("own decision", "    tests: [step]", "    decision: {rule: simple}"),
    ("does not apply", "    tests: [step]", "    applies: false\n    reason: Phase 2"),
    ("coverage factor", "coverage_factor: 2", "coverage_factor: 1e-3"),
    ("unicode", "title: Full step", "title: Größe 😀"),
    ("strict", "decision:", "strict: true\ndecision:"),
]


@pytest.mark.parametrize(("old", "new"), [case[1:] for case in VARIANTS], ids=[case[0] for case in VARIANTS])
def test_resolved_read_again_is_the_same_spec(base, read, kinds, old, new):
    text = base.replace(old, new, 1) if old else base
    if "strict" in new:
        text = text.replace("{length: 1 s}", "{length: 1 s, taper: hann}")
        text = text.replace("signal: p\n", "signal: p\n    statistic: max\n    offset: 0 s\n")
    spec = read(text)
    assert read(resolved_yaml(spec)) == spec
    assert load_spec(spec.resolved, kinds=kinds) == spec
    assert read(resolved_yaml(spec)).resolved == spec.resolved


def test_resolved_has_no_python_in_it(base, read):
    assert yaml.safe_load(resolved_yaml(read(base)))["requirements"][0]["id"] == "A-1"
    assert "!!" not in resolved_yaml(read(base))
    assert "&" not in resolved_yaml(read(base))


# ---------------------------------------------------------------- from Python data


def data_of(base):
    return yaml.safe_load(base)


def test_mapping_means_what_the_file_means(base, read, kinds):
    spec = load_spec(data_of(base), kinds=kinds)
    assert spec == read(base)
    assert spec.place == "spec"
    assert spec.where("A-1") == "spec"
    assert read(spec.raw.decode()) == spec  # what the pack keeps can be read again


def test_mapping_may_hold_quantities_tuples_and_dates(base, read, kinds):
    data = data_of(base)
    data["signals"]["p"]["rated"] = parse_quantity("40 MW")
    data["requirements"] = tuple(data["requirements"])
    data["contract"] = {"signed": date(2026, 11, 20), "schedule": 7}
    spec = load_spec(data, kinds=kinds)
    assert spec.signals == read(base).signals
    assert spec.contract == {"signed": "2026-11-20", "schedule": "7"}


def test_mapping_faults_have_a_path(base, kinds):
    data = data_of(base)
    data["requirements"][0]["limits"]["high"]["max"] = 5
    data["signals"]["p"]["ratd"] = "40 MW"
    with pytest.raises(SpecError) as caught:
        load_spec(data, kinds=kinds)
    assert str(caught.value) == (
        "spec: error: signals.p.ratd: unknown key 'ratd'\n"
        "  fix: did you mean 'rated'?\n"
        "spec: error: requirements[0].limits.high.max: '5' has no unit; write for example '5 MW'"
    )


@pytest.mark.parametrize("bad", [{"a": object()}, {"a": {1, 2}}, {"a": b"x"}, {"a": 1j}, {"a": "\ud800"}])
def test_mapping_with_what_no_document_holds_is_refused(bad, kinds):
    with pytest.raises(SpecError):
        load_spec(bad, kinds=kinds)


def test_mapping_that_holds_itself_is_refused(kinds):
    data = {"slacheck": 1}
    data["contract"] = data
    with pytest.raises(SpecError, match="Circular reference"):
        load_spec(data, kinds=kinds)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 10**400])
def test_mapping_numbers_that_are_not_finite_are_refused(base, kinds, bad):
    data = data_of(base)
    data["decision"]["coverage_factor"] = bad
    with pytest.raises(SpecError):
        load_spec(data, kinds=kinds)


# ---------------------------------------------------------------- files


def test_load_takes_a_path_or_text(base, kinds, tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text(base, encoding="utf-8")
    assert load_spec(path, kinds=kinds) == load_spec(str(path), kinds=kinds)
    assert load_spec(path, kinds=kinds).place == str(path)


@pytest.mark.parametrize("text", ["", "null", "[]", "a", "1", "- a: 1", "{}", "slacheck: 1"])
def test_load_documents_that_are_no_spec_are_refused(read, text):
    with pytest.raises(SpecError):
        read(text)


# ---------------------------------------------------------------- nothing else leaves


def _paths(node, path=()):
    yield path
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for part, value in items:
        yield from _paths(value, (*path, part))


WEIRD = st.sampled_from(
    [
        *(None, True, 0, -1, 1e300, "", " ", "p", "v", 7, "5 MW", "-5 %", "1 cycle", "on", "x" * 200),
        *([], {}, [[]], [None], {"a": 1}, ["p", "p"], {"rms": "p", "window": "1 s"}),
        *({"max": "5 V", "min": "5 V"}, {"profile": [["0 s", "0 MW"]]}),
    ]
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_load_mutated_specs_are_read_or_refused_with_a_position(base, read, faults, data):
    document = yaml.safe_load(base)
    paths = [path for path in _paths(document) if path]
    for path in data.draw(st.lists(st.sampled_from(paths), min_size=1, max_size=3)):
        node = document
        try:
            for part in path[:-1]:
                node = node[part]
            how = data.draw(st.sampled_from(["replace", "remove", "rename", "copy"]))
            if how == "replace":
                node[path[-1]] = data.draw(WEIRD)
            elif how == "remove":
                del node[path[-1]]
            elif how == "rename" and isinstance(node, dict):
                node[f"{path[-1]}_"] = node.pop(path[-1])
            elif isinstance(node, list):
                node.append(node[path[-1]])
        except (KeyError, IndexError, TypeError):
            pass
    text = yaml.safe_dump(document, default_flow_style=data.draw(st.booleans()), sort_keys=False)
    lines = text.splitlines()
    for fault in faults(text):
        line, column = map(int, fault.split(" ")[0].split(":"))
        assert 1 <= line <= len(lines) + 1
        assert column >= 1


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 900), st.integers(0, 20), st.text(max_size=5))
def test_load_cut_and_spliced_text_is_read_or_refused(base, faults, start, length, text):
    faults(base[:start] + text.encode("utf-8", "replace").decode() + base[start + length :])
