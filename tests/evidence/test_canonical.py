import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.contract import Verdict
from slacheck.evidence.canonical import canonical_json, parse_json

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)


@settings(max_examples=50, deadline=None)
@given(value=json_values)
def test_canonical_json_any_value_reads_back_and_is_a_fixed_point(value):
    raw = canonical_json(value)
    assert parse_json(raw) == value
    assert canonical_json(parse_json(raw)) == raw


def test_canonical_json_text_is_the_documented_one():
    value = {"b": [1, 1.0, -0.0, 1e-7, 0.1], "a": "é\n\u2028", "ä": None, "Z": Verdict.PASS}
    expected = '{"Z":"PASS","a":"é\\n\u2028","b":[1,1.0,0.0,1e-07,0.1],"ä":null}'
    assert canonical_json(value).decode() == expected


@pytest.mark.parametrize("value", [math.nan, math.inf, 2**53 + 1, {1: 2}, "\ud800"])
def test_canonical_json_what_json_cannot_hold_is_refused(value):
    with pytest.raises(ValueError, match=r".+"):
        canonical_json([value])


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":1,"a":1}',
        b'{"b":1,"a":1}',
        b'{"a": 1}',
        b'{"a":1}\n',
        b'{"a":1.00}',
        b'{"a":-0.0}',
        b'{"a":NaN}',
        b'{"a":1e999}',
        b'{"a":"\\u0041"}',
        b'"\xff"',
        b"[" * 100_000,
        b"",
        b"9" * 5000,
    ],
)
def test_parse_json_what_is_not_canonical_is_refused(raw):
    with pytest.raises(ValueError, match=r".+"):
        parse_json(raw)
