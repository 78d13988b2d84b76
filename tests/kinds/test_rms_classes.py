"""rms_classes: names of events at and beside their borders."""

import pytest

from slacheck.kinds._rms_classes import en50160, ieee1159


@pytest.mark.parametrize(
    ("event", "extreme", "duration", "name"),
    [
        ("dip", 0.5, 0.5, "instantaneous sag"),
        ("dip", 0.5, 0.51, "momentary sag"),
        ("dip", 0.5, 3.0, "momentary sag"),
        ("dip", 0.5, 3.1, "temporary sag"),
        ("dip", 0.85, 61.0, "undervoltage"),
        ("swell", 1.2, 0.1, "instantaneous swell"),
        ("swell", 1.2, 61.0, "overvoltage"),
        ("interruption", 0.0, 0.1, "momentary interruption"),
        ("interruption", 0.0, 60.0, "temporary interruption"),
        ("interruption", 0.0, 60.1, "sustained interruption"),
    ],
)
def test_ieee1159_names_events_by_their_duration(event, extreme, duration, name):
    assert ieee1159(event, extreme, duration, 60.0) == name


@pytest.mark.parametrize(
    ("event", "extreme", "duration", "name"),
    [
        ("dip", 0.80, 0.2, "dip of cell A1"),
        ("dip", 0.799, 0.21, "dip of cell B2"),
        ("dip", 0.40, 1.0, "dip of cell C3"),
        ("dip", 0.39, 5.0, "dip of cell D4"),
        ("dip", 0.049, 60.0, "dip of cell X5"),
        ("dip", 0.5, 60.1, "dip longer than the table, which ends at 60 s"),
        ("swell", 1.2, 0.5, "swell of cell S1"),
        ("swell", 1.19, 60.0, "swell of cell T3"),
        ("interruption", 0.0, 180.0, "short interruption"),
        ("interruption", 0.0, 181.0, "long interruption"),
    ],
)
def test_en50160_names_the_cell_of_its_tables(event, extreme, duration, name):
    assert en50160(event, extreme, duration, 50.0) == name
