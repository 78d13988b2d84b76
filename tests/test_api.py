"""The Python interface: what it takes, what it gives, what it refuses."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import slacheck

UNITS = {"P": "kW"}


def ramp(seconds=10.0, rate=100.0):
    """Ten kilowatts rising by 1 kW/s. [s], [kW]"""
    t = np.arange(int(seconds * rate)) / rate
    return t, 10.0 + t


def arrays(name="arrays", seconds=10.0, **more):
    t, power = ramp(seconds)
    return slacheck.Capture.from_arrays({"P": power}, t=t, units=UNITS, anti_alias=True, id=name, **more)


@pytest.fixture
def spec(facility):
    return slacheck.load_spec(facility.spec())


# ---------------------------------------------------------------- names


def test_package_names_all_resolve_and_are_typed():
    for name in slacheck.__all__:
        assert getattr(slacheck, name) is not None
    stub = ast.parse(Path(slacheck.__file__).with_suffix(".pyi").read_text())
    typed = {alias.asname for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert typed == set(slacheck.__all__) - {"__version__"}
    assert set(slacheck.__all__) <= set(dir(slacheck))


def test_package_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'slacheck' has no attribute 'chek'"):
        _ = slacheck.chek


def test_package_import_is_free():
    code = "import sys, slacheck; print(sorted({'numpy', 'pydantic', 'yaml', 'click', 'rich'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# ---------------------------------------------------------------- what check takes


def test_check_path_and_arrays_and_list_agree(facility, spec):
    from_file = slacheck.check(facility.spec(), facility.capture())
    from_arrays = slacheck.check(spec, arrays())
    from_list = slacheck.check(spec, [str(facility.capture())])
    values = [r.checks[0]["measured"]["value"] for r in (from_file, from_arrays, from_list)]
    assert values == pytest.approx([1000.0] * 3, rel=1e-6)
    assert [r.verdict for r in (from_file, from_arrays, from_list)] == ["PASS"] * 3


def test_check_spec_as_mapping_is_accepted():
    spec = {
        "slacheck": 1,
        "id": "in-code",
        "signals": {"power": {"quantity": "active_power", "unit": "kW", "rated": "100 kW", "channel": "P"}},
        "decision": {"rule": "simple"},
        "requirements": [
            {"id": "R", "kind": "ramp_rate", "signal": "power", "window": "1 s", "limits": {"up": {"max": "5 kW/s"}}}
        ],
    }
    assert slacheck.check(spec, arrays()).passed


@pytest.mark.parametrize("index", ["column", "named", "elapsed", "zoned", "without zone"])
def test_check_data_frame_is_read_by_its_time(spec, index):
    pd = pytest.importorskip("pandas")
    t, power = ramp()
    stamps = pd.Timestamp("2026-11-20T08:00:00") + pd.to_timedelta(t, unit="s")
    frame = pd.DataFrame({"P [kW]": power})
    if index == "column":
        frame["t"] = t
    else:
        frame.index = {
            "named": pd.Index(t * 1000, name="t [ms]"),
            "elapsed": pd.to_timedelta(t, unit="s"),
            "zoned": stamps.tz_localize("Europe/Paris"),
            "without zone": stamps,
        }[index]
    capture = slacheck.open_capture(frame, anti_alias=True)
    results = slacheck.check(spec, capture)
    assert results.checks[0]["measured"]["value"] == pytest.approx(1000.0, rel=1e-6)
    start = results.to_dict()["captures"][0]["start"]
    assert start == ("2026-11-20T07:00:00Z" if index == "zoned" else None)


def test_check_data_frame_without_a_time_is_refused(spec):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"P [kW]": ramp()[1]})
    for given in (frame, frame[100:300], frame.set_index(frame["P [kW]"].rename("x"))):
        with pytest.raises(slacheck.CaptureError, match="there are no time stamps; give t or sample_rate"):
            slacheck.check(spec, given)


def test_check_data_frame_given_directly_is_one_capture(spec):
    pd = pytest.importorskip("pandas")
    t, power = ramp()
    assert len(slacheck.check(spec, pd.DataFrame({"t": t, "P [kW]": power})).to_dict()["captures"]) == 1


def test_check_submission_by_path_object_and_as_captures_agree(facility):
    facility.spec()
    facility.capture()
    path = facility.submission()
    results = [
        slacheck.check(path),
        slacheck.check(str(path)),
        slacheck.check(slacheck.load_submission(path)),
        slacheck.check(facility.spec(), path),
    ]
    assert len({r.to_json() for r in results}) == 1


def test_check_submission_of_another_spec_is_refused(facility):
    facility.spec()
    facility.capture()
    other = facility.spec("6 kW/s", name="other.yaml")
    with pytest.raises(slacheck.UsageError, match=r"answers the spec .*tiny\.yaml, which is not the one given"):
        slacheck.check(other, facility.submission())


def test_check_map_and_test_reach_the_record(facility, spec):
    results = slacheck.check(spec, facility.capture(channel="P_load"), map={"power": "P_load"}, test="run")
    assert results.passed
    assert results.findings[0]["test"] == "run"


@pytest.mark.parametrize(
    ("captures", "options", "message"),
    [
        (None, {}, "no captures are given"),
        ([], {}, "no captures are given"),
        (3, {}, "cannot read a int as a capture"),
        ([arrays, arrays], {}, "several captures have the id arrays"),
        (arrays, {"map": {"pover": "P"}}, "the spec has no signal 'pover'"),
        (arrays, {"map": {"power": "Q"}}, "which is not in the capture"),
        (arrays, {"test": "rum"}, "the spec has no test 'rum'"),
    ],
    ids=["none", "empty", "a number", "same id", "unknown signal", "unknown channel", "unknown test"],
)
def test_check_called_wrongly_is_a_usage_error(spec, captures, options, message):
    made = [c() for c in captures] if isinstance(captures, list) else captures() if callable(captures) else captures
    with pytest.raises(slacheck.SlacheckError, match=message):
        slacheck.check(spec, made, **options)


def test_check_derived_signal_cannot_be_mapped(facility):
    spec = facility.spec(name="derived.yaml")
    text = spec.read_text().replace(
        "tests:", "  mean: {quantity: active_power, unit: kW, derive: {mean: power, window: 1 s}}\ntests:", 1
    )
    spec.write_text(text)
    with pytest.raises(slacheck.UsageError) as caught:
        slacheck.check(spec, arrays(), map={"mean": "P"})
    assert str(caught.value) == (
        "--map: error: the signal 'mean' is computed from 'power' and has no channel of its own\n"
        "  fix: map 'power' to its channel"
    )


def test_check_tells_what_it_does(spec):
    told = []
    slacheck.check(spec, arrays(), progress=told.append)
    assert told == ["measuring arrays"]


# ---------------------------------------------------------------- what Results give


def test_results_verdict_is_never_a_truth_value(spec):
    with pytest.raises(TypeError, match=r"use \.verdict or \.passed"):
        bool(slacheck.check(spec, arrays()))


def test_results_repr_is_one_line_and_str_a_table(spec):
    results = slacheck.check(spec, arrays())
    assert repr(results) == "<Results of tiny: PASS; 1 PASS>"
    assert "RAMP-1" in str(results)
    assert max(map(len, str(results).splitlines())) <= 80


def test_results_to_json_is_canonical_and_to_dict_is_a_copy(spec):
    results = slacheck.check(spec, arrays())
    document = results.to_dict()
    assert json.loads(results.to_json()) == document
    document["verdict"] = "FAIL"
    assert results.to_dict()["verdict"] == "PASS"


def test_results_html_of_notebooks_escapes_what_comes_from_outside(spec):
    results = slacheck.check(spec, arrays("<script>alert(1)</script>", seconds=0.5))
    assert "<script>" not in results._repr_html_()


def test_results_to_pandas_has_one_row_for_each_check(spec):
    pytest.importorskip("pandas")
    table = slacheck.check(spec, arrays()).to_pandas()
    assert list(table["name"]) == ["up", "down"]
    assert table["value"][0] == pytest.approx(1000.0, rel=1e-6)
    assert table["max"][0] == 5000.0
    assert table["low"][0] < 1000.0 < table["high"][0]


def test_results_to_pandas_without_pandas_says_what_to_install(spec, monkeypatch):
    results = slacheck.check(spec, arrays())
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(slacheck.SlacheckError, match=r"pip install 'slacheck\[pandas\]'"):
        results.to_pandas()


def test_results_assert_pass_shows_place_numbers_and_reason(facility):
    spec = facility.spec("0.5 kW/s")
    results = slacheck.check(spec, arrays())
    with pytest.raises(AssertionError) as caught:
        results.assert_pass()
    lines = str(caught.value).splitlines()
    assert lines[0] == "<Results of tiny: FAIL; 1 FAIL>"
    assert lines[1] == f"{spec}:9:5: RAMP-1 FAIL on arrays"
    assert lines[2].startswith("  measured 1.0000 kW/s; uncertainty ")
    assert "; limit max 0.5 kW/s; margin -0.5000 kW/s (-100" in lines[2]
    assert lines[3].startswith("  up: ")
    assert slacheck.check(facility.spec(), arrays()).assert_pass() is None


def test_results_report_is_the_page_of_the_pack(spec):
    assert slacheck.check(spec, arrays()).report_html().startswith("<!")


def test_results_pack_of_arrays_cannot_embed_what_was_no_file(spec, tmp_path):
    results = slacheck.check(spec, arrays())
    with pytest.raises(slacheck.UsageError, match="the capture arrays is no file and cannot be embedded"):
        results.write_pack(tmp_path / "out.zip", embed=True)
    results.write_pack(tmp_path / "out.zip")
    assert slacheck.verify(tmp_path / "out.zip").ok


def test_results_pack_refuses_to_embed_a_capture_that_changed(facility, spec, tmp_path):
    capture = facility.capture()
    results = slacheck.check(spec, capture)
    capture.write_text("t [s],P\n0,1\n")
    with pytest.raises(slacheck.CaptureError, match="the file has changed since it was measured"):
        results.write_pack(tmp_path / "out.zip", embed=True)
    assert not (tmp_path / "out.zip").exists()
