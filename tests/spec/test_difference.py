"""Two specs in meaning: what is no difference, what is one, and that it reads the same from either side."""

import random
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slacheck.document import parse_document
from slacheck.language import Scalar
from slacheck.spec.difference import difference, means_the_same
from slacheck.spec.load import load_spec, resolve
from slacheck.spec.plugins import installed_kinds
from slacheck.spec.resolved import resolved_yaml

SPECS = Path(__file__).resolve().parents[2] / "specs"
HALL = SPECS / "profiles" / "ai-training-hall.yaml"
SCALES = {"MW": ("kW", 1000), "kW": ("W", 1000), "ms": ("us", 1000), "s": ("ms", 1000), "kHz": ("Hz", 1000)}


def found(old, new):
    """`part | category | key | old -> new | effect percent` of every difference."""
    return [
        f"{d.part} | {d.category} | {d.key} | {d.old} -> {d.new}"
        + (f" | {d.effect}" if d.effect else "")
        + (f" {d.percent:.4g} %" if d.percent is not None else "")
        + (f" | {', '.join(d.affects)}" if d.affects else "")
        for d in difference(old, new)
    ]


@pytest.mark.parametrize("path", sorted(SPECS.glob("*/*.yaml")), ids=lambda path: path.stem)
def test_difference_of_a_spec_and_its_resolved_form_is_nothing(path):
    spec = load_spec(path)
    document = parse_document(resolved_yaml(spec).encode(), "r.yaml")
    document.data.pop("extends", None)
    again = resolve(document, installed_kinds())
    assert found(spec, again) == found(again, spec) == []


def rewritten(text, seed):
    """The same document with other order, style, comments and units of writing."""
    shuffle = random.Random(seed)

    def other_unit(value):
        number, _, unit = value.partition(" ")
        if unit in SCALES and number.isdigit() and shuffle.random() < 0.5:
            return f"{int(number) * SCALES[unit][1]} {SCALES[unit][0]}"
        return value

    def again(value, key=None):
        if isinstance(value, dict):
            names = list(value)
            shuffle.shuffle(names)
            return {name: again(value[name], name) for name in names}
        if isinstance(value, list):
            items = [again(item) for item in value]
            if key in ("requirements", "tests", "conditions"):
                shuffle.shuffle(items)
            return items
        if isinstance(value, Scalar) and key not in ("title", "note", "description", "clause", "unit"):
            return other_unit(str(value)) if value.plain else str(value)
        return value if value is None else str(value)

    data = again(parse_document(text.encode(), "s.yaml").data)
    dumped = yaml.dump(_native(data), sort_keys=False, allow_unicode=True, width=shuffle.choice([30, 80, 1000]))
    return f"# reformatted {seed}\n{dumped}\n# the end\n"


def _native(data):
    """Numbers and truth values as YAML writes them, texts quoted by YAML where it must."""
    if isinstance(data, dict):
        return {str(key): _native(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_native(value) for value in data]
    if isinstance(data, str) and data in ("true", "false"):
        return data == "true"
    if isinstance(data, str) and re.fullmatch(r"-?\d+(\.\d+)?", data):
        return float(data) if "." in data else int(data)
    return data


TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in sorted(SPECS.glob("kinds/*.yaml"))}


def installed(text):
    """The spec that `text` says, with the kinds that are shipped."""
    return resolve(parse_document(text.encode(), "a.yaml"), installed_kinds())


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(sorted(TEXTS)), st.integers(0, 2**32))
def test_difference_of_a_reformatted_spec_is_nothing(name, seed):
    old, new = installed(TEXTS[name]), installed(rewritten(TEXTS[name], seed))
    assert [d for d in difference(old, new) if d.category != "text"] == []
    assert means_the_same(difference(new, old))


CHANGES = [
    ("limits: {high: {max: 5 MW}", "limits: {high: {max: 4 MW}"),
    ("limits: {high: {max: 5 MW}", "limits: {high: {max: 12 %}"),
    ("low: {min: 1 MW}", "low: {min: 2 MW}"),
    (", low: {min: 1 MW}", ""),
    ("{max: 5 MW}", "{max: 5 MW, min: 1 kW}"),
    ("window: {length: 1 s}", "window: {length: 2 s, taper: flattop}"),
    ("rated: 40 MW", "rated: 50 MW"),
    ("window: 1 cycle", "window: 2 cycle"),
    ("reading: 0.5 %", "reading: 0.2 %"),
    ("    tests: [step]\n", ""),
    ("count: 3", "count: 1"),
    ("min: 10 MW, for: 60 s", "min: 10 MW, for: 30 s"),
    ("coverage_factor: 2", "coverage_factor: 3"),
    ("id: A-1", "id: B-1"),
    ("kind: level", "kind: level\n    severity: advisory"),
    ("kind: level", "kind: level\n    title: New words"),
    ("kind: level", "kind: level\n    applies: false\n    reason: Not built"),
    ("max: 20 ms}}", "max: 20 ms}, tube: [1 MW, 2 MW]}"),
]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(st.integers(0, len(CHANGES) - 1), max_size=4), st.sets(st.integers(0, len(CHANGES) - 1), max_size=4))
def test_difference_from_the_other_side_is_the_opposite(read, base, first, second):
    turned = {"tightened": "loosened", "loosened": "tightened", "added": "removed", "removed": "added"}
    texts = []
    for picks in (first, second):
        text = base
        for pick in sorted(picks):
            text = text.replace(*CHANGES[pick], 1)
        texts.append(read(text))
    there, back = difference(*texts), difference(*texts[::-1])

    def shown(differences, swap):
        return sorted(
            (
                one.part if one.category in ("added", "removed") else one.part.replace("B-1", "A-1"),
                turned.get(one.category, one.category) if swap else one.category,
                one.key,
                str((one.new, one.old) if swap else (one.old, one.new)),
                str(turned.get(one.effect) if swap else one.effect),
                one.affects and sorted(one.affects),
            )
            for one in differences
        )

    assert shown(there, False) == shown(back, True)
    assert means_the_same(there) == means_the_same(back)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (0, ["A-1 | limit | limits.high.max | 5 MW -> 4 MW | tightened 20 %"]),
        (1, ["A-1 | limit | limits.high.max | 5 MW -> 12 %"]),
        (2, ["A-1 | limit | limits.low.min | 1 MW -> 2 MW | tightened 100 %"]),
        (3, ["A-1 | limit | limits.low | {min: 1 MW} -> None | loosened"]),
        (4, ["A-1 | limit | limits.high.min | None -> 1 kW | tightened"]),
        (
            5,
            [
                "A-1 | definition | window.length | 1 s -> 2 s",
                "A-1 | definition | window.taper | hann -> flattop",
            ],
        ),
        (6, ["signal p | signal | rated | 40 MW -> 50 MW | A-1, A-2"]),
        (7, ["signal v_rms | signal | derive.window | 0.0166666666667 s -> 0.0333333333333 s"]),
        (8, ["signal p | signal | accuracy.reading | 0.5 % -> 0.2 % | A-1, A-2"]),
        (9, ["A-1 | tests | tests | step -> None"]),
        (10, ["test step | tests | repeat.count | 3 -> 1"]),
        (
            11,
            [
                "A-1 | conditions | conditions | {signal: p_mean, min: 10 MW, for: 60 s} -> None",
                "A-1 | conditions | conditions | None -> {signal: p_mean, min: 10 MW, for: 30 s}",
            ],
        ),
        (12, ["spec | decision | decision.coverage_factor | 2 -> 3"]),
        (13, ["A-1 | renamed | id | A-1 -> B-1"]),
        (14, ["A-1 | severity | severity | mandatory -> advisory"]),
        (15, ["A-1 | text | title | None -> New words"]),
        (16, ["A-1 | applies | applies | true -> false", "A-1 | text | reason | None -> Not built"]),
        (17, ["A-2 | definition | tube | None -> [1 MW, 2 MW]"]),
    ],
)
def test_difference_names_each_change_with_both_values(read, base, change, told):
    assert CHANGES[change][0] in base
    assert found(read(base), read(base.replace(*CHANGES[change], 1))) == told


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{max: 5 MW}", "{max: 5000 kW}"),
        ("rated: 40 MW", "rated: 40000 kW"),
        ("window: {length: 1 s}", "window: {length: 1000 ms, taper: hann}"),
        ("kind: level", "kind: level\n    severity: mandatory\n    offset: 0 s"),
        ("tests: [step]", "tests:  # comment\n      - step"),
        ("kind: level", "kind: level\n    decision: {rule: three_state}"),
        ("unit: MW, rated: 40 MW", "unit: kW, channel: p, rated: 40 MW"),
        ("for: 60 s", "for: 1 min"),
    ],
)
def test_difference_another_way_of_writing_is_none(read, base, old, new):
    assert old in base
    assert found(read(base), read(base.replace(old, new, 1))) == []


@pytest.mark.parametrize(
    ("written", "told"),
    [("0.1 pu", []), ("0.2 pu", ["DYN-1 | limit | limits.dip.max | 10 % -> 0.2 pu"])],
)
def test_difference_limit_in_pu_is_one_only_where_it_is_another_limit(written, told):
    text = TEXTS["transient_deviation"]
    assert "dip: {max: 10 %}" in text
    assert found(installed(text), installed(text.replace("dip: {max: 10 %}", f"dip: {{max: {written}}}"))) == told


def test_difference_words_alone_mean_the_same(read, base):
    differences = difference(
        read(base), read(base.replace("Full step", "Whole step").replace("id: hall", "id: hall-2"))
    )
    assert [(one.part, one.category, one.key) for one in differences] == [
        ("spec", "text", "id"),
        ("test step", "text", "title"),
    ]
    assert means_the_same(differences)


def test_difference_added_and_removed_parts_are_named(read, base):
    more = base + "  - {id: A-3, kind: follow, input: p, output: v_rms, reference: p, delay: {max: 20 ms}}\n"
    more = more.replace("tests:\n", "  extra: {quantity: voltage, unit: V}\ntests:\n  other: {title: Other}\n", 1)
    assert found(read(base), read(more)) == [
        "signal extra | added |  | None -> None",
        "test other | added |  | None -> None",
        "A-3 | added | kind | None -> follow",
    ]
    assert found(read(more), read(base))[2] == "A-3 | removed | kind | follow -> None"


def test_difference_another_kind_is_named_without_its_keys(read, base):
    other = base.replace("kind: follow, input: p, output: p_mean, reference: p, delay: {max: 20 ms}", "{}")
    other = other.replace("{id: A-2, {}}", "{id: A-2, kind: level, signal: p, limits: {high: {max: 1 MW}}}")
    assert found(read(base), read(other)) == ["A-2 | kind | kind | follow -> level"]


def test_difference_definition_id_is_named(tmp_path):
    text = (SPECS / "kinds" / "ramp_rate.yaml").read_text(encoding="utf-8")
    old, new = tmp_path / "a.yaml", tmp_path / "b.yaml"
    old.write_text(text, encoding="utf-8")
    new.write_text(text.replace("estimator: difference", "estimator: block"), encoding="utf-8")
    assert found(load_spec(old), load_spec(new)) == [
        "GRID-1 | definition | up: definition | ramp_rate/difference@1 -> ramp_rate/block@1",
        "GRID-1 | definition | down: definition | ramp_rate/difference@1 -> ramp_rate/block@1",
        "GRID-1 | definition | estimator | difference -> block",
    ]


def test_difference_points_of_a_curve_are_named_one_by_one(tmp_path):
    text = (SPECS / "kinds" / "spectral_mask.yaml").read_text(encoding="utf-8")
    spec = load_spec(SPECS / "kinds" / "spectral_mask.yaml")
    point = spec.resolved["requirements"][0]["mask"][0]
    old = f"[{point[0]}, {point[1]}]"
    assert old in text
    new = tmp_path / "b.yaml"
    new.write_text(text.replace(old, f"[{point[0]}, 77 V]", 1), encoding="utf-8")
    assert found(spec, load_spec(new)) == [
        f"{spec.requirements[0].id} | definition | mask[0] | {old} -> [{point[0]}, 77 V]"
    ]
