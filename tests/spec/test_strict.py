# ruff: noqa: E501
"""`strict: true`: definition keys must be written out."""

import pytest

STRICT = "strict: true\nslacheck: 1"
WRITTEN = {
    "{length: 1 s}": "{length: 1 s, taper: hann}",
    "    signal: p\n": "    signal: p\n    statistic: max\n    offset: 0 s\n",
}


def strict(base, *without):
    text = base.replace("slacheck: 1", STRICT)
    for old, new in WRITTEN.items():
        text = text if old in without else text.replace(old, new)
    return text


def test_strict_everything_written_is_fine(base, faults):
    assert faults(strict(base)) == []


def test_strict_names_the_key_and_the_default_to_write(base, faults):
    assert faults(strict(base, "    signal: p\n")) == [
        "13:5 strict: 'statistic' is part of the definition and is not written here | write statistic: max",
        "13:5 strict: 'offset' is part of the definition and is not written here | write offset: 0 s",
    ]


def test_strict_reaches_into_sub_models(base, faults):
    assert faults(strict(base, "{length: 1 s}")) == [
        "13:5 strict: 'window.taper' is part of the definition and is not written here | write window.taper: hann"
    ]


def test_strict_default_that_holds_definition_keys_must_be_written(base, faults):
    text = strict(base).replace("    window: {length: 1 s, taper: hann}\n", "")
    assert faults(text) == [
        "13:5 strict: 'window' is part of the definition and is not written here | write window: {length: 1 s, taper: hann}"
    ]


def test_strict_looks_at_derived_signals_too(base, faults):
    assert faults(strict(base).replace(" refresh: half_cycle,", "")) == [
        "8:10 strict: 'derive.refresh' is part of the definition and is not written here | write derive.refresh: half_cycle"
    ]


@pytest.mark.parametrize("text", ["strict: false\nslacheck: 1", "slacheck: 1"])
def test_not_strict_defaults_are_taken(base, faults, text):
    assert faults(base.replace("slacheck: 1", text)) == []
