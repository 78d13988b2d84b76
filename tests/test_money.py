"""Money is read exactly, counted in whole cents, and rounded as stated."""

from fractions import Fraction

import pytest

from slacheck.money import money_text, parse_money, whole_cents
from slacheck.units import QuantityError


def test_money_amount_is_whole_cents():
    money = parse_money("250000.5 USD")
    assert (money.cents, money.currency, money.per) == (25000050, "USD", None)


def test_money_tariff_is_exact_per_joule():
    assert parse_money("0.085 USD/kWh").cents == Fraction(85, 10) / 3_600_000


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "250,000 USD",
            "'250,000 USD' is no amount of money; write for example '250000.00 USD', digits without separators and "
            "three capital letters",
        ),
        ("1.005 USD", "'1.005 USD' is not a whole number of cents; write at most two decimals"),
        ("1 USD/furlong", "unknown unit 'furlong'"),
    ],
)
def test_money_that_two_readers_could_take_differently_is_refused(text, why):
    with pytest.raises(QuantityError) as caught:
        parse_money(text)
    assert str(caught.value) == why


@pytest.mark.parametrize("text", ["-5 USD", "5 usd", "USD 5", "5USD", "1e3 USD", "nan USD", "５ USD", "5 USDX", ""])
def test_money_of_any_other_shape_is_refused(text):
    with pytest.raises(QuantityError):
        parse_money(text)


@pytest.mark.parametrize(
    ("cents", "half_even", "half_up", "floor", "ceil"),
    [
        ("2.5", 2, 3, 2, 3),
        ("3.5", 4, 4, 3, 4),
        ("-2.5", -2, -3, -3, -2),
        ("2.49", 2, 2, 2, 3),
        ("-0.01", 0, 0, -1, 0),
        ("7", 7, 7, 7, 7),
    ],
)
def test_whole_cents_rounds_as_stated(cents, half_even, half_up, floor, ceil):
    exact = Fraction(cents)
    expected = {"half_even": half_even, "half_up": half_up, "floor": floor, "ceil": ceil}
    assert {rounding: whole_cents(exact, rounding) for rounding in expected} == expected


def test_money_text_keeps_the_sign_of_less_than_one_unit():
    assert [money_text(cents, "USD") for cents in (-5, 0, 1205)] == ["-0.05 USD", "0.00 USD", "12.05 USD"]
