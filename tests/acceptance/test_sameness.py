"""The same bytes whatever is read at a time, side by side, in what order, from which format, on how many machines."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import slacheck
from slacheck.capture.capture import Capture
from slacheck.capture.load import open_capture
from slacheck.engine.binding import Binding
from slacheck.engine.pieces import merged
from slacheck.portion import Dissected, measure_portion
from tests.acceptance.sameness import (
    DAMAGE,
    KINDS,
    OPTIONS,
    ROOT,
    at_once,
    damaged,
    members,
    reading,
    recorded,
    spec_of,
)

FACILITIES = ("compliant", "noncompliant", "slow")
SLOW = "flicker"
"""Its filters take their time for every block."""


# ---------------------------------------------------------------- pieces


def parts_of(count, least=20):
    """Sizes of pieces: powers of two, one more and less, primes, anything; every piece costs each meter a call."""
    sizes = [2**power + more for power in range(5, 18) for more in (-1, 0, 1)] + [37, 997, 9973]
    return st.sampled_from([size for size in sizes if size >= least]) | st.integers(least, count)


@pytest.mark.parametrize("kind", KINDS)
def test_record_of_a_kind_read_in_any_pieces_gives_the_same_pack(kind):
    whole = recorded(kind)

    @settings(max_examples=2 if kind == SLOW else 4, deadline=None)
    @given(
        parts_of(at_once(whole), 1500 if kind == SLOW else 20), st.sets(st.sampled_from(DAMAGE)), st.integers(0, 1000)
    )
    def same(piece, damage, seed):
        capture = damaged(whole, [how for how in DAMAGE if how in damage], seed)
        assert members(spec_of(kind), [capture], piece) == members(spec_of(kind), [capture], at_once(capture))

    same()


@pytest.mark.parametrize("name", OPTIONS)
def test_kinds_with_all_their_options_read_in_any_pieces_give_the_same_pack(name):
    document, record = OPTIONS[name]
    spec, whole = slacheck.load_spec(document), record()

    @settings(max_examples=2, deadline=None)
    @given(parts_of(at_once(whole), 1000), st.sets(st.sampled_from(DAMAGE)), st.integers(0, 1000))
    @example(piece=997, damage={"gaps"}, seed=32)
    def same(piece, damage, seed):
        capture = damaged(whole, [how for how in DAMAGE if how in damage], seed)
        found = members(spec, [capture], piece, jobs=2)
        assert found == members(spec, [capture], at_once(capture))
        assert b'"ERROR"' not in found["results.json"]

    same()


@pytest.mark.parametrize("name", FACILITIES)
def test_facility_read_in_odd_pieces_gives_the_same_pack(name):
    document = ROOT / "fixtures" / name / "facility.sla.yaml"
    assert members(document, None, 997) == members(document, None, 1 << 20)


@pytest.mark.parametrize("kind", KINDS)
def test_record_cut_at_what_decided_or_one_sample_off_gives_the_same_pack(kind):
    """Where a check says that it was decided, a piece ends, just before, at, and just after that sample."""
    capture = recorded(kind)
    whole = members(spec_of(kind), [capture], at_once(capture))
    for place in deciding_samples(whole, capture)[: 1 if kind == SLOW else 2]:
        for piece in (place - 1, place, place + 1):
            assert members(spec_of(kind), [capture], piece) == whole, f"cut every {piece} samples"


def deciding_samples(found, capture):
    """Samples at which a check was decided, the most central first; the middle of the record, where there is none."""
    checks = [check for finding in json.loads(found["results.json"])["findings"] for check in finding["checks"]]
    times = [check["at"]["time"] for check in checks if (check["at"] or {}).get("time") is not None]
    count = capture.clock.count
    places = {round(time / capture.clock.interval) for time in times}
    inside = [place for place in places if 20 < place < count]
    return sorted(inside, key=lambda place: abs(place - count / 2)) or [count // 2]


# ---------------------------------------------------------------- pieces that are measured apart


def parts_apart(spec, capture, edges):
    """What every clause measured, from pieces between these samples, merged in a tree, and from meters in order."""
    cut = Dissected(spec, Binding(capture))
    found = [cut.piece(bounds) for bounds in itertools.pairwise(edges)]
    while len(found) > 1:
        found = [merged(found[first : first + 3]) for first in range(0, len(found), 3)]
    return cut.portion(found[0], [cut.in_order([number]) for number in range(len(cut.ordered))]).parts


@pytest.mark.parametrize("name", OPTIONS)
def test_kinds_with_all_their_options_in_pieces_measured_apart_give_the_same(name):
    document, record = OPTIONS[name]
    spec, capture = slacheck.load_spec(document), record()
    whole = measure_portion(spec, Binding(capture), frozenset(one.id for one in spec.requirements)).parts
    count = capture.clock.count
    assert Dissected(spec, Binding(capture)).divisible

    @settings(max_examples=3, deadline=None)
    @given(st.sets(st.integers(1, count - 1), min_size=1, max_size=8))
    @example({count // 2})
    def same(edges):
        assert parts_apart(spec, capture, [0, *sorted(edges), count]) == whole

    same()


# ---------------------------------------------------------------- side by side, order


@pytest.mark.parametrize("name", ["noncompliant", "slow"])
def test_facility_measured_side_by_side_gives_the_same_pack(name):
    document = ROOT / "fixtures" / name / "facility.sla.yaml"
    alone = slacheck.check(document).run.members
    for jobs in (2, 3):
        assert slacheck.check(document, jobs=jobs).run.members == alone


def test_captures_in_any_order_on_the_command_line_give_the_same_results():
    spec = ROOT / "specs" / "profiles" / "ai-training-hall.yaml"
    captures = [ROOT / "fixtures" / "noncompliant" / f"rack_load_step-{number}.csv" for number in (1, 2, 3)]
    found = [
        slacheck.check(spec, order, map={"bus_voltage": "V_bus", "rack_power": "P_rack"}).run.members
        for order in itertools.permutations(captures)
    ]
    assert all(one == found[0] for one in found[1:])
    assert [c["id"][-5] for c in json.loads(found[0]["results.json"])["captures"]] == ["1", "2", "3"]


# ---------------------------------------------------------------- formats

RATE = 1000.0
SPEC = """\
slacheck: 1
id: formats
signals:
  p: {quantity: active_power, unit: kW, rated: 100 kW, accuracy: {reading: 0.1 %}}
  q: {quantity: active_power, unit: kW, rated: 100 kW, accuracy: {reading: 0.1 %}}
  slow: {quantity: active_power, unit: kW, rated: 100 kW, derive: {mean: p, window: 35 ms}}
  net: {quantity: active_power, unit: kW, rated: 100 kW, derive: {difference: [p, q]}, accuracy: {reading: 0.1 %}}
requirements:
  - {id: RAMP, kind: ramp_rate, signal: slow, window: 500 ms, limits: {up: {max: 1 kW/s}, down: {max: 1 MW/s}}}
  - {id: RANGE, kind: dynamic_range, signal: net, window: 60 ms, statistic: p95, limits: {peak_to_peak: {max: 40 kW}}}
  - id: RIPPLE
    kind: band_ripple
    signal: p
    window: {length: 500 ms, step: 100 ms}
    bands: [{from: 5 Hz, to: 40 Hz, max: 1 kW}]
  - id: TRACK
    kind: tracking
    signal: p
    reference: q
    delay_allowance: 20 ms
    tube: {value: 2 %, time: 20 ms}
    limits: {max_error: {max: 5 %}, rms_error: {max: 2 %}}
"""
META = "slacheck: 1\nchannels: {p: {unit: kW}, q: {unit: kW}}\ntime: {sample_rate: 1 kHz}\nanti_alias: true\n"


@pytest.fixture(scope="module")
def columns():
    """Multiples of 2^-10: exact in decimals, in float32 and in float64."""
    random = np.random.default_rng(5)
    times = np.arange(4000) / RATE
    p = 50 + 30 * (times > 1.2) + 3 * np.sin(2 * np.pi * 7 * times) + random.normal(0, 0.2, times.size)
    q = 50 + 30 * (times > 1.19) + random.normal(0, 0.1, times.size)
    return {name: np.round(values * 1024) / 1024 for name, values in (("p", p), ("q", q))}


def write_csv(path, columns):
    rows = zip(*(values.tolist() for values in columns.values()), strict=True)
    path.write_text("\n".join([",".join(columns), *(",".join(map(repr, row)) for row in rows)]) + "\n")


def write_npy(path, columns):
    table = np.empty(4000, dtype=[(name, np.float32) for name in columns])
    for name, values in columns.items():
        table[name] = values
    np.save(path, table)


def write_npz(path, columns):
    np.savez(path, **columns)


def write_parquet(path, columns):
    table = pa.table({name: pa.array(values, pa.float32()) for name, values in columns.items()})
    pq.write_table(table, path, row_group_size=333)


WRITERS = {"csv": write_csv, "npy": write_npy, "npz": write_npz, "parquet": write_parquet}


@pytest.fixture(scope="module")
def findings_of(tmp_path_factory):
    """What is found in a record, whatever its file is called."""
    folder = tmp_path_factory.mktemp("formats")
    spec = folder / "spec.yaml"
    spec.write_text(SPEC)

    def findings(columns, ending):
        path = folder / f"record.{ending}"
        WRITERS[ending](path, columns)
        path.with_name(f"{path.name}.meta.yaml").write_text(META)
        with open_capture(path, id="record") as capture:
            return slacheck.check(spec, capture).findings

    return findings


def test_samples_of_any_format_and_channels_in_any_order_give_the_same_findings(columns, findings_of):
    csv = findings_of(columns, "csv")
    assert {finding["verdict"] for finding in csv} == {"PASS", "FAIL"}
    for ending in WRITERS:
        assert findings_of(dict(reversed(columns.items())), ending) == csv, ending


# ---------------------------------------------------------------- machines

DIGESTS = """
import hashlib, slacheck
from tests.acceptance.sameness import OPTIONS
for spec, record in OPTIONS.values():
    print(hashlib.sha256(slacheck.check(spec, record()).run.members["results.json"]).hexdigest())
"""


def test_machine_without_vector_instructions_finds_the_same_bits():
    """NumPy has kernels for each generation of processors; the oldest, and another kernel of OpenBLAS, and threads."""
    found = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    older = {"NPY_DISABLE_CPU_FEATURES": " ".join(found), "OPENBLAS_CORETYPE": "Prescott", "OPENBLAS_NUM_THREADS": "3"}
    printed = [
        subprocess.run(
            [sys.executable, "-c", DIGESTS], cwd=ROOT, env=os.environ | more, capture_output=True, text=True, check=True
        ).stdout
        for more in ({}, older)
    ]
    assert printed[0] == printed[1]


# ---------------------------------------------------------------- Dask


def test_facility_on_a_cluster_in_odd_pieces_gives_the_same_pack():
    distributed = pytest.importorskip("distributed")
    from slacheck.batch.cluster import cluster_measure

    document = ROOT / "fixtures" / "noncompliant" / "facility.sla.yaml"
    here = members(document, None, 997)
    settings = {"n_workers": 2, "threads_per_worker": 1, "memory_limit": None, "silence_logs": 50}
    with distributed.LocalCluster(host="127.0.0.1", dashboard_address="127.0.0.1:0", **settings) as running:
        there = slacheck.check(document, elsewhere=cluster_measure(running.scheduler_address, jobs=2))
    assert there.run.members == here


# ---------------------------------------------------------------- planted on a boundary

COUNT, PLANTED = 6000, 2048


def boundary_record(place, kind):
    """1 kS/s of noise about 100 kW, with something at sample `place`."""
    samples = 100 + np.random.default_rng(9).normal(0, 0.05, COUNT)
    if kind == "spike":
        samples[place] += 30.0
    elif kind == "dip":
        samples[place : place + 100] -= 30.0
    else:
        samples += np.interp(np.arange(COUNT), [place, place + 100], [0.0, 30.0])
    return Capture.from_arrays({"p": samples}, sample_rate=RATE, units={"p": "kW"}, anti_alias=True)


PLANTED_SPEC = """\
slacheck: 1
id: planted
decision: {rule: simple}
signals: {p: {quantity: active_power, unit: kW, rated: 100 kW, accuracy: {reading: 0.01 %}}}
requirements:
  - {id: RANGE, kind: dynamic_range, signal: p, window: 100 ms, limits: {peak_to_peak: {max: 20 kW}}}
  - {id: RAMP, kind: ramp_rate, signal: p, window: 100 ms, limits: {up: {max: 200 kW/s}, down: {max: 400 kW/s}}}
  - {id: BAND, kind: tolerance_envelope, signal: p, curve: {low: [[0.8 pu, 50 ms]], continuous: [0.9 pu, 1.5 pu]}}
"""


@pytest.fixture(scope="module")
def planted_spec(tmp_path_factory):
    path = tmp_path_factory.mktemp("planted") / "spec.yaml"
    path.write_text(PLANTED_SPEC)
    return path


@pytest.mark.parametrize("off", [-101, -100, -99, -1, 0, 1])
@pytest.mark.parametrize("what", ["spike", "dip", "ramp"])
def test_what_is_planted_at_a_boundary_or_one_sample_off_reads_as_in_one_piece(what, off, planted_spec):
    """`off` -100 puts the end of the dip and of the ramp, and of the worst window, where the pieces meet."""
    capture = boundary_record(PLANTED + off, what)
    whole = members(planted_spec, [capture], COUNT)
    assert members(planted_spec, [capture], PLANTED) == whole
    readings = {f["requirement"]: f["checks"][0] for f in json.loads(whole["results.json"])["findings"]}
    low, high = readings["RANGE"]["measured"]["interval"]
    assert low <= 30_000 <= high
    assert readings["RANGE"]["verdict"] == "FAIL"
    assert -100 <= round(readings["RANGE"]["at"]["time"] * RATE) - (PLANTED + off) <= 200
    assert readings["RAMP"]["verdict"] == "FAIL"
    assert readings["BAND"]["verdict"] == ("FAIL" if what == "dip" else "PASS")


def test_reading_of_pieces_is_what_the_engine_does():
    """The test above would prove nothing if the engine looked at another name."""
    capture = recorded("ramp_rate")
    sizes = []
    for channel in capture.channels.values():
        values = channel.values
        channel.values = Watched(values, sizes)
    try:
        with reading(64):
            slacheck.check(spec_of("ramp_rate"), [capture])
    finally:
        for channel in capture.channels.values():
            channel.values = channel.values.values
    assert max(sizes) == 64


class Watched:
    """Values that note how many of them are asked for."""

    def __init__(self, values, sizes):
        self.values, self.sizes = values, sizes

    def __len__(self):
        return len(self.values)

    def __getitem__(self, index):
        self.sizes.append(index.stop - index.start)
        return self.values[index]
