# ruff: noqa: E501
"""Scalars of the language from Python values, and the parts that all requirements share."""

import math
from datetime import UTC, date, datetime
from typing import Annotated

import pytest
from pydantic import TypeAdapter, ValidationError

from slacheck.language import (
    Boolean,
    Condition,
    Date,
    DecisionModel,
    Duration,
    DurationOrZero,
    Frequency,
    Identifier,
    Instant,
    Integer,
    Level,
    LimitModel,
    Model,
    Number,
    QuantityOf,
    Requirement,
    Scalar,
    Share,
    ShareLimit,
    Text,
    TimeLimit,
)
from slacheck.units import Quantity, parse_quantity


def message(kind, value):
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    return caught.value.errors()[0]["msg"]


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (Text, "7.10", "7.10"),
        (Text, Scalar("on"), "on"),
        (Number, 2, 2.0),
        (Number, 0, 0.0),
        (Number, -0.5, -0.5),
        (Number, Scalar("1e3"), 1000.0),
        (Integer, 3, 3),
        (Integer, Scalar("-3"), -3),
        (Boolean, False, False),
        (Boolean, Scalar("false"), False),
        (Date, date(2026, 11, 20), date(2026, 11, 20)),
        (Date, Scalar("2026-11-20"), date(2026, 11, 20)),
        (Instant, Scalar("2026-11-20T08:00:00Z"), datetime(2026, 11, 20, 8, tzinfo=UTC)),
        (Instant, datetime(2026, 11, 20, 8, tzinfo=UTC), datetime(2026, 11, 20, 8, tzinfo=UTC)),
        (Identifier, "DYN-1.a_2", "DYN-1.a_2"),
        (Duration, "20 ms", parse_quantity("20 ms")),
        (Duration, parse_quantity("20 ms"), parse_quantity("20 ms")),
        (DurationOrZero, "0 s", parse_quantity("0 s")),
        (Level, "0.9 pu", parse_quantity("0.9 pu")),
    ],
)
def test_scalar_is_read(kind, value, expected):
    found = TypeAdapter(kind).validate_python(value)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (Text, 7.1, "expected text, got 7.1"),
        (Text, None, "expected text, got nothing"),
        (Text, ["a"], "expected text, got a list"),
        (Text, {"a": 1}, "expected text, got a mapping"),
        (Number, True, "expected a number such as 2 or 0.5, got True"),
        (Number, "2", "expected a number such as 2 or 0.5, got '2'"),
        (Number, Scalar("2", plain=False), "expected a number such as 2 or 0.5, got '2' in quotes"),
        (Number, math.nan, "expected a finite number, got nan"),
        (Number, math.inf, "expected a finite number, got inf"),
        (Number, Scalar("1e400"), "expected a finite number, got '1e400'"),
        (Integer, 3.0, "expected a whole number such as 3, got 3.0"),
        (Integer, False, "expected a whole number such as 3, got False"),
        (Boolean, 0, "expected true or false, got 0"),
        (Boolean, Scalar("no"), "expected true or false, got 'no'"),
        (Date, datetime(2026, 1, 1, tzinfo=UTC), "expected a date such as 2026-11-20, got 2026-01-01 00:00:00+00:00"),
        (Date, Scalar("2026-02-30"), "expected a date such as 2026-11-20, got '2026-02-30'"),
        (Instant, Scalar("2026-11-20T08:00:00"), "expected a time with a zone such as 2026-11-20T08:00:00Z, got '2026-11-20T08:00:00'"),
        (Instant, date(2026, 1, 1), "expected a time with a zone such as 2026-11-20T08:00:00Z, got 2026-01-01"),
        (Duration, "0 s", "expected more than zero, got '0 s'"),
        (Duration, "-1 ms", "expected more than zero, got '-1 ms'"),
        (Duration, "1 Hz", "expected a quantity such as '100 ms' (in s), got '1 Hz'"),
        (Duration, "20", "'20' has no unit; write for example '20 ms'"),
        (Duration, 20, "expected a quantity with a unit such as '100 ms', got 20"),
        (Duration, None, "expected a quantity with a unit such as '100 ms', got nothing"),
        (Frequency, "0 Hz", "expected more than zero, got '0 Hz'"),
        (Frequency, "1 s", "expected a quantity such as '0.1 Hz' (in Hz), got '1 s'"),
        (Share, "0.5 pu", "expected a quantity such as '99 %' (in %), got '0.5 pu'"),
        (Level, "250", "'250' has no unit; write for example '250 MW'"),
        (Annotated[Quantity, QuantityOf("s", "cycle", examples=("1 cycle",))], "1 V", "expected a quantity such as '1 cycle' (in s or cycle), got '1 V'"),
    ],
)  # fmt: skip
def test_scalar_refused_says_what_was_expected(kind, value, expected):
    assert message(kind, value) == expected


@pytest.mark.parametrize("name", ["", " a", "a b", "-a", ".a", "a/b", "a\n", "é", "a" * 81, "../a"])
def test_identifier_refuses_what_is_no_name(name):
    message(Identifier, name)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({}, "a limit needs max, min or both, for example {max: 5 %}"),
        ({"resolution": "1 V"}, "a limit needs max, min or both, for example {max: 5 %}"),
        ({"max": "5 %", "min": "1 V"}, "max, min and resolution must have one unit, got '5 %', '1 V'"),
        ({"max": "5 %", "resolution": "1 V"}, "max, min and resolution must have one unit, got '5 %', '1 V'"),
        ({"max": "1 V", "min": "2 V"}, "min is above max, so nothing can conform"),
        ({"max": "1 V", "resolution": "0 V"}, "resolution must be more than zero"),
        ({"max": "1 V", "resolution": "-1 V"}, "resolution must be more than zero"),
    ],
)
def test_limit_that_cannot_be_kept_is_refused(data, expected):
    assert message(LimitModel, data) == expected


@pytest.mark.parametrize(
    "data", [{"max": "0 V"}, {"min": "-5 V", "max": "-5 V"}, {"max": "1 kV", "min": "1 V", "resolution": "1 mV"}]
)
def test_limit_zero_negative_and_equal_bounds_are_ordinary(data):
    assert LimitModel.model_validate(data).max is not None


def test_limits_of_times_and_shares_have_their_unit():
    assert message(TimeLimit, {"max": "5 %"}) == "expected a quantity such as '80 ms' (in s), got '5 %'"
    assert message(ShareLimit, {"min": "5 s"}) == "expected a quantity such as '99 %' (in %), got '5 s'"


def test_condition_needs_a_bound():
    assert message(Condition, {"signal": "a", "for": "1 s"}) == "a condition needs min, max or both"
    assert Condition.model_validate({"signal": "a", "min": "0 %", "for": "0 s"}).for_.value == 0.0


def test_requirement_that_does_not_apply_needs_a_reason():
    data = {"id": "a", "kind": "k", "applies": False}
    assert message(Requirement, data) == "applies: false needs a reason"
    assert not Requirement.model_validate(data | {"reason": "Phase 2."}).applies


def test_models_refuse_unknown_keys_and_change():
    class Part(Model):
        a: Number = 1.0

    with pytest.raises(ValidationError, match="extra_forbidden"):
        Part.model_validate({"b": 1})
    with pytest.raises(ValidationError, match="frozen"):
        Part().a = 2.0


@pytest.mark.parametrize("factor", [0, -1, "2"])
def test_coverage_factor_is_a_number_above_zero(factor):
    message(DecisionModel, {"coverage_factor": factor})


def test_quantity_is_written_back_as_its_text():
    limit = LimitModel.model_validate({"max": "80  ms"})
    assert limit.model_dump(mode="json", exclude_none=True) == {"max": "80  ms"}
