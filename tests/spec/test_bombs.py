# ruff: noqa: E501
"""Specs made to take long: each is refused, or read, in a bounded time."""

import time

import pytest

HEAD = "slacheck: 1\nid: hall\n"
SIGNAL = "{quantity: active_power, unit: MW}"
CLAUSE = "kind: level, limits: {high: {max: 5 MW}}"


def chain(length, last):
    names = "".join(
        f"  s{i}: {{quantity: active_power, unit: MW, derive: {{mean: s{i + 1}, window: 1 s}}}}\n"
        for i in range(length)
    )
    return f"{HEAD}signals:\n{names}  s{length}: {last}\nrequirements:\n  - {{id: a, signal: s0, {CLAUSE}}}\n"


BOMBS = [
    (
        "every signal name is wrong",
        HEAD
        + "signals:\n"
        + "".join(f"  signal_{i}: {SIGNAL}\n" for i in range(5000))
        + "requirements:\n"
        + "".join(f"  - {{id: r{i}, signal: signol_{i}, {CLAUSE}}}\n" for i in range(5000)),
    ),
    (
        "every test name is wrong",
        HEAD
        + f"signals: {{p: {SIGNAL}}}\ntests:\n"
        + "".join(f"  test_{i}: {{}}\n" for i in range(5000))
        + f"requirements:\n  - {{id: r, signal: p, {CLAUSE}, tests: [{', '.join(f'tset_{i}' for i in range(30_000))}]}}\n",
    ),
    ("derived through many", chain(5000, SIGNAL)),
    ("derived in a long circle", chain(5000, "{quantity: active_power, unit: MW, derive: {mean: s0, window: 1 s}}")),
    ("every id is the same", HEAD + f"signals: {{p: {SIGNAL}}}\nrequirements:\n" + f"  - {{id: r, signal: p, {CLAUSE}}}\n" * 7000),
    ("every kind is wrong", HEAD + f"signals: {{p: {SIGNAL}}}\nrequirements:\n" + "  - {id: r, kind: levle}\n" * 15_000),
    ("every requirement is empty", HEAD + f"signals: {{p: {SIGNAL}}}\nrequirements:\n" + "  - {}\n" * 40_000),
    ("requirements are text", HEAD + "signals: {}\nrequirements: [" + "a, " * 90_000 + "a]\n"),
]  # fmt: skip


@pytest.mark.parametrize("text", [case[1] for case in BOMBS], ids=[case[0] for case in BOMBS])
def test_load_bomb_is_refused_in_bounded_time(faults, text):
    assert len(text) <= 1 << 20
    start = time.perf_counter()
    found = faults(text)
    assert time.perf_counter() - start < 8.0  # generous: a shared machine
    assert 1 <= len(found) <= 201


@pytest.mark.parametrize(
    ("length", "expected"), [(7, []), (8, ["4:57 the signal is derived through more than 7 others"])]
)
def test_load_derived_chain_has_a_greatest_depth(faults, length, expected):
    assert faults(chain(length, SIGNAL)) == expected


def test_load_large_honest_spec_is_quick(faults):
    clauses = "".join(f"  - {{id: r{i}, signal: p, {CLAUSE}}}\n" for i in range(2000))
    start = time.perf_counter()
    assert faults(f"{HEAD}signals: {{p: {SIGNAL}}}\nrequirements:\n{clauses}") == []
    assert time.perf_counter() - start < 8.0
