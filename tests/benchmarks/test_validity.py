"""The error rates of docs/validity.md, on a few seeded records of each kind."""

from __future__ import annotations

import pytest

from benchmarks import step_table
from benchmarks.cells import CELLS
from benchmarks.document import written
from benchmarks.scenarios import SCENARIOS
from benchmarks.states import State
from benchmarks.tally import tally
from benchmarks.trial import cells_of, run
from benchmarks.validity import complete

SEED, RECORDS = 7, 3
CELL = {cell.name: cell for cell in CELLS}
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
SAMPLED = [(s, c) for s in SCENARIOS for c in cells_of(s) if c.name in ("clean", "noise_1", "bits_8", "gaps_1_burst")]


@pytest.mark.parametrize(("scenario", "cell"), SAMPLED, ids=lambda one: one.name)
def test_few_records_of_each_kind_hold_the_truth(scenario, cell):
    rows = [run(SEED, scenario, cell, index) for index in range(1 if scenario.slow > 1 else RECORDS)]
    for name, check in scenario.checks.items():
        found = tally(rows, name, check, f"{scenario.name} {cell.name}")
        if found is None:
            continue
        assert found.coverage.count - found.coverage.hits <= 1  # 95 % is the aim
        assert found.run[True].passed == 0
        assert found.run[False].failed == 0
        if cell.name in ("clean", "noise_1") and (name, cell.name) != ("time_in_tube", "noise_1"):
            assert found.judged.hits == found.judged.count


@pytest.mark.parametrize("deviation", [0.0, 0.01])
def test_step_estimates_hold_the_truth_where_others_report_the_end_of_the_record(deviation):
    found = [step_table.measured(deviation, seed) for seed in range(4)]
    for name, truth in step_table.TRUTH.items():
        for one in found:
            if name in one:
                assert one[name]["interval"][0] <= truth <= one[name]["interval"][1]
    bias = sum(one["overshoot"]["value"] - step_table.TRUTH["overshoot"] for one in found) / len(found)
    assert abs(bias) < 0.003
    assert all(abs(one["settling_time"]["value"] - step_table.TRUTH["settling_time"]) < 0.01 for one in found)


def test_run_that_was_stopped_goes_on_and_ends_in_the_same_document(tmp_path, monkeypatch):
    monkeypatch.setattr(step_table, "SEEDS", 1)
    scenario, cell = BY_NAME["dynamic_range"], CELL["noise_1"]

    def state(folder, made_by=SEED):
        return State(tmp_path / folder, scenario, cell, {"seed": made_by})

    def document(found):
        return written([scenario], {(scenario.name, cell.name): found.rows}, SEED)

    whole = state("whole")
    complete({(scenario.name, cell.name): whole}, SEED, 4)
    half = state("half")
    complete({(scenario.name, cell.name): half}, SEED, 2)
    half.path.write_text(half.path.read_text() + '{"i":2,"chec')
    resumed = state("half")
    assert len(resumed.rows) == 2
    complete({(scenario.name, cell.name): resumed}, SEED, 4)
    assert resumed.path.read_bytes() == whole.path.read_bytes()
    assert document(resumed) == document(whole)
    assert state("half", made_by=8).rows == []
