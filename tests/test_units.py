"""Quantities: what is read exactly, and what is refused with a hint."""

import time
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.units import QUANTITY_UNITS, QuantityError, from_base, parse_quantity, parse_unit

READ = [
    # text, value in the base unit, base unit
    ("5 MW/s", 5e6, "W/s"),
    ("20 ms", 0.02, "s"),
    ("0.1 Hz", 0.1, "Hz"),
    ("5 %", 0.05, "%"),
    ("0.9 pu", 0.9, "pu"),
    ("-20 dB", -20.0, "dB"),
    ("1 cycle", 1.0, "cycle"),
    ("1.5 cycles", 1.5, "cycle"),
    ("5MW", 5e6, "W"),
    ("5  MW", 5e6, "W"),
    (" 5 MW ", 5e6, "W"),
    ("+5 MW", 5e6, "W"),
    ("-5 MW", -5e6, "W"),
    (".5 MW", 5e5, "W"),
    ("5. MW", 5e6, "W"),
    ("05 MW", 5e6, "W"),
    ("1e3 W", 1e3, "W"),
    ("1E3 W", 1e3, "W"),
    ("1e-3 W", 1e-3, "W"),
    ("1e+3 W", 1e3, "W"),
    ("-1.5e-3 kW", -1.5, "W"),
    ("0 s", 0.0, "s"),
    ("-0 s", 0.0, "s"),
    ("1 V", 1.0, "V"),
    ("1 mV", 1e-3, "V"),
    ("1 uV", 1e-6, "V"),
    ("1 µV", 1e-6, "V"),
    ("1 μV", 1e-6, "V"),
    ("1 nV", 1e-9, "V"),
    ("34.5 kV", 34500.0, "V"),
    ("1 MV", 1e6, "V"),
    ("1 GV", 1e9, "V"),
    ("3 A", 3.0, "A"),
    ("3 kA", 3000.0, "A"),
    ("3 mA", 0.003, "A"),
    ("1 W", 1.0, "W"),
    ("1 mW", 1e-3, "W"),
    ("1 kW", 1e3, "W"),
    ("1 MW", 1e6, "W"),
    ("1 GW", 1e9, "W"),
    ("1 var", 1.0, "var"),
    ("1 kvar", 1e3, "var"),
    ("1 Mvar", 1e6, "var"),
    ("1 MVAr", 1e6, "var"),
    ("1 VA", 1.0, "VA"),
    ("1 MVA", 1e6, "VA"),
    ("1 J", 1.0, "J"),
    ("1 kJ", 1e3, "J"),
    ("1 Wh", 3600.0, "J"),
    ("1 kWh", 3.6e6, "J"),
    ("1 MWh", 3.6e9, "J"),
    ("50 Hz", 50.0, "Hz"),
    ("1 mHz", 1e-3, "Hz"),
    ("1 MHz", 1e6, "Hz"),
    ("1 kHz", 1e3, "Hz"),
    ("1 us", 1e-6, "s"),
    ("1 ns", 1e-9, "s"),
    ("10 min", 600.0, "s"),
    ("2 h", 7200.0, "s"),
    ("1 d", 86400.0, "s"),
    ("1 1", 1.0, "1"),
    ("0.95 1", 0.95, "1"),
    ("0.2 1/s", 0.2, "1/s"),
    ("25 °C", 25.0, "degC"),
    ("25 degC", 25.0, "degC"),
    ("-40 degC", -40.0, "degC"),
    ("3 K", 3.0, "K"),
    ("5 mK", 0.005, "K"),
    ("90 deg", 90.0, "deg"),
    ("90 °", 90.0, "deg"),
    ("2 ohm", 2.0, "ohm"),
    ("2 mΩ", 0.002, "ohm"),
    ("20 MW/min", 20e6 / 60, "W/s"),
    ("1 kV/us", 1e9, "V/s"),
    ("20 %/s", 0.2, "%/s"),
    ("1 pu/s", 1.0, "pu/s"),
    ("1 Hz/s", 1.0, "Hz/s"),
    ("0.5 mHz/s", 5e-4, "Hz/s"),
    ("1 V/Hz", 1.0, "V/Hz"),
    ("20 mV/sqrt(Hz)", 0.02, "V/sqrt(Hz)"),
    ("1 %/sqrt(Hz)", 0.01, "%/sqrt(Hz)"),
    ("1 MW / s", 1e6, "W/s"),
    ("0.3 %", 0.003, "%"),
    ("100 %", 1.0, "%"),
    ("0.1 ms", 1e-4, "s"),
    ("0.7 pu", 0.7, "pu"),
    ("33.333 ms", 0.033333, "s"),
    ("1e-300 s", 1e-300, "s"),
]

REFUSED = [
    # text, the whole message
    ("", "'' does not start with a number; write for example '20 ms'"),
    ("MW", "'MW' does not start with a number; write for example '20 ms'"),
    ("fast", "'fast' does not start with a number; write for example '20 ms'"),
    ("5", "'5' has no unit; write for example '5 ms' or '5 %'"),
    ("-0.5", "'-0.5' has no unit; write for example '-0.5 ms' or '-0.5 %'"),
    ("1,5 kV", "'1,5 kV': write the number with '.' as decimal sign and nothing between digits"),
    ("1 500 V", "'1 500 V': write the number with '.' as decimal sign and nothing between digits"),
    ("1_500 V", "'1_500 V': write the number with '.' as decimal sign and nothing between digits"),
    ("1'500 V", "\"1'500 V\": write the number with '.' as decimal sign and nothing between digits"),
    ("1\u00a0500 V", "'1\\xa0500 V': write the number with '.' as decimal sign and nothing between digits"),
    ("±2 %", "'±2 %' does not start with a number; write for example '20 ms'"),
    ("+-2 %", "'+-2 %' does not start with a number; write for example '20 ms'"),
    ("−5 MW", "'−5 MW' does not start with a number; write for example '20 ms'"),
    ("- 5 MW", "'- 5 MW' does not start with a number; write for example '20 ms'"),
    ("١ s", "'١ s' does not start with a number; write for example '20 ms'"),
    ("¼ s", "'¼ s' does not start with a number; write for example '20 ms'"),
    ("<=5 ms", "'<=5 ms' does not start with a number; write for example '20 ms'"),
    ("inf s", "'inf s' does not start with a number; write for example '20 ms'"),
    ("nan s", "'nan s' does not start with a number; write for example '20 ms'"),
    ("1e400 W", "'1e400 W' is too large"),
    ("1e999 GW", "'1e999 GW' is too large"),
    ("5 mw", "unknown unit 'mw'; did you mean 'MW' or 'mW'?"),
    ("5 MHZ", "unknown unit 'MHZ'; did you mean 'MHz' or 'mHz'?"),
    ("5 hz", "unknown unit 'hz'; did you mean 'Hz'?"),
    ("5 KV", "unknown unit 'KV'; did you mean 'kV'?"),
    ("5 kw", "unknown unit 'kw'; did you mean 'kW'?"),
    ("5 S", "unknown unit 'S'; did you mean 's'?"),
    ("5 mS", "unknown unit 'mS'; did you mean 'ms'?"),
    ("5 Min", "unknown unit 'Min'; did you mean 'min'?"),
    ("5 PU", "unknown unit 'PU'; did you mean 'pu'?"),
    ("5 db", "unknown unit 'db'; did you mean 'dB'?"),
    ("5 volts", "unknown unit 'volts'; did you mean 'V'?"),
    ("5 sec", "unknown unit 'sec'; did you mean 's'?"),
    ("5 seconds", "unknown unit 'seconds'; did you mean 's'?"),
    ("5 percent", "unknown unit 'percent'; did you mean '%'?"),
    ("5 p.u.", "unknown unit 'p.u.'; did you mean 'pu'?"),
    ("5 m", "unknown unit 'm'"),
    ("5 k", "unknown unit 'k'; did you mean 'K'?"),
    ("1 11", "'1 11': write the number with '.' as decimal sign and nothing between digits"),
    ("51", "'51' has no unit; write for example '51 ms' or '51 %'"),
    ("1 1 V", "'1 1 V': write the number with '.' as decimal sign and nothing between digits"),
    ("5 M", "unknown unit 'M'"),
    ("5 mpu", "unknown unit 'mpu'"),
    ("5 k%", "unknown unit 'k%'"),
    ("5 mmin", "unknown unit 'mmin'"),
    ("5 kh", "unknown unit 'kh'"),
    ("5 ks", "unknown unit 'ks'"),
    ("5 nHz", "unknown unit 'nHz'"),
    ("5 dBm", "unknown unit 'dBm'"),
    ("5 rpm", "unknown unit 'rpm'"),
    ("5 rad/s", "unknown unit 'rad'"),
    ("5 V^2", "unknown unit 'V^2'"),
    ("5 V*A", "unknown unit 'V*A'"),
    ("5 V A", "unknown unit 'V A'"),
    ("5 V²/Hz", "unknown unit 'V²'"),
    ("5 (MW)/s", "unknown unit '(MW)'"),
    ("5 MW/", "unknown unit ''"),
    ("5 /s", "unknown unit ''"),
    ("5 MW//s", "unit 'MW//s' has more than one '/'"),
    ("5 MW/s/s", "unit 'MW/s/s' has more than one '/'"),
    ("5 MW/%", "unit 'MW/%': nothing is counted per %"),
    ("5 MW/pu", "unit 'MW/pu': nothing is counted per pu"),
    ("5 V/cycle", "unit 'V/cycle': nothing is counted per cycle"),
    ("5 MW +-1", "unknown unit 'MW +-1'"),
    ("9**9**9 s", "unknown unit '**9**9 s'"),
    ("1:30 min", "unknown unit ':30 min'"),
    ("0x1F V", "unknown unit 'x1F V'"),
    ("1e V", "unknown unit 'e V'"),
    ("1e3e3 V", "unknown unit 'e3 V'"),
    ("1.2.3 V", "unknown unit '.3 V'"),
    ("5 MW; 6 MW", "unknown unit 'MW; 6 MW'"),
    ("5 V\u200b", "unknown unit 'V\\u200b'"),
    ("x" * 65, "longer than 64 characters"),
    ("1" * 1_000_000 + " V", "longer than 64 characters"),
]


@pytest.mark.parametrize(("text", "value", "base"), READ, ids=[case[0] for case in READ])
def test_quantity_is_read_exactly(text, value, base):
    quantity = parse_quantity(text)
    assert quantity.base == base
    assert quantity.value == value  # exact: decimal scaling, one rounding
    assert str(quantity) == quantity.text == text.strip()


@pytest.mark.parametrize(("text", "message"), REFUSED, ids=[case[0][:20] for case in REFUSED])
def test_quantity_that_is_not_one_says_why(text, message):
    start = time.perf_counter()
    with pytest.raises(QuantityError) as caught:
        parse_quantity(text)
    assert time.perf_counter() - start < 0.05
    assert str(caught.value) == message


def test_quantity_negative_zero_is_zero():
    assert str(parse_quantity("-0 V").value) == "0.0"


@pytest.mark.parametrize("text", ["20 ms", "0.1 ms", "33.3 ms", "0.3 %", "1.1 kV", "0.7 MW", "0.29 GW", "1.005 kHz"])
def test_quantity_has_the_bits_of_the_decimal_number(text):
    number, unit = text.split()
    scale = {"ms": "0.001", "%": "0.01", "kV": "1000", "MW": "1e6", "GW": "1e9", "kHz": "1000"}[unit]
    assert parse_quantity(text).value == float(Decimal(number) * Decimal(scale))


@settings(max_examples=50, deadline=None)
@given(
    st.decimals(min_value=-1000, max_value=1000, places=3),
    st.sampled_from(["V", "kW", "MW/min", "ms", "%", "pu", "mHz", "kWh", "dB"]),
)
def test_from_base_undoes_reading(number, unit):
    assert from_base(parse_quantity(f"{number} {unit}").value, unit) == pytest.approx(
        float(number), rel=1e-15, abs=1e-300
    )


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40))
def test_quantity_any_text_is_read_or_refused(text):
    try:
        quantity = parse_quantity(text)
    except QuantityError as error:
        found = str(error)
    else:
        found = quantity.text
        assert quantity.value == quantity.value
    assert isinstance(found, str)


def test_units_of_every_quantity_are_in_the_table():
    for units in QUANTITY_UNITS.values():
        assert [parse_unit(unit).base for unit in units] == list(units)


@pytest.mark.parametrize(
    ("value", "unit", "shown"), [(0.08, "ms", 80.0), (0.15, "%", 15.0), (0.2, "%/s", 20.0), (5e6, "MW", 5.0)]
)
def test_from_base_shows_what_was_written(value, unit, shown):
    assert from_base(value, unit) == shown
