"""`slacheck batch`: exit codes, what goes where, and every way of calling it wrongly."""

import pytest
from click.testing import CliRunner

from slacheck.cli.main import main


def run(*args):
    return CliRunner().invoke(main, [str(arg) for arg in args])


@pytest.fixture
def ready(facility):
    facility.spec()
    facility.capture()
    facility.submission()
    return facility


@pytest.mark.parametrize(
    ("limits", "more", "code", "counts"),
    [
        (["5 kW/s"], "", 0, "1 result: 1 PASS"),
        (["5 kW/s", "0.5 kW/s"], "", 1, "2 results: 1 FAIL, 1 PASS"),
        (["0.5 kW/s"], "x.sla.yaml", 1, "2 results: 1 FAIL, 1 bad_input"),
        (["5 kW/s"], "x.sla.yaml", 2, "2 results: 1 bad_input, 1 PASS"),
    ],
    ids=["pass", "fail", "fail and bad input", "bad input"],
)
def test_batch_exit_code_is_that_of_the_worst_result(facility, limits, more, code, counts):
    for number, limit in enumerate(limits):
        facility.spec(limit, name=f"{number}/tiny.yaml")
        facility.capture(f"{number}/run-1.csv")
        facility.submission(name=f"{number}/a.sla.yaml")
    if more:
        facility.write(more, "slacheck: 1\n")
    result = run("batch", facility.folder, "-o", facility.folder / "out", "--jobs", 1, "--quiet")
    assert (result.exit_code, result.stdout, result.stderr) == (code, counts + "\n", "")


def test_batch_summary_prints_again_what_the_batch_found(ready):
    out = ready.folder / "out"
    first = run("batch", ready.folder, "-o", out, "--jobs", 1)
    again = run("batch", "--summary", out)
    assert (again.exit_code, again.stdout) == (0, first.stdout)
    assert again.stdout == (
        "1 result: 1 PASS\n"
        "\n"
        "check          PASS\n"
        "RAMP-1 up         1\n"
        "RAMP-1 down       1\n"
        "\n"
        "smallest margins, in % of the limit\n"
        "PASS      80.00 %  RAMP-1 up  a\n"
        "PASS     100.00 %  RAMP-1 down  a\n"
    )


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "name the folder of the results with -o DIR"),
        (["--summary", "-o", "x"], "--summary takes the folder of a batch alone"),
        (["--summary"], "checks.parquet: error: there is no table of a batch"),
        (["-o", "out", "--jobs", "0"], "0 is not in the range 1<=x<=1024"),
        (["-o", "out", "--time-limit", "0"], "0.0 is not in the range x>0"),
    ],
)
def test_batch_called_wrongly_exits_with_2(ready, monkeypatch, args, message):
    monkeypatch.chdir(ready.folder)
    result = run("batch", ".", *args)
    assert result.exit_code == 2
    assert message in result.stderr
    assert not (ready.folder / "out").exists()
