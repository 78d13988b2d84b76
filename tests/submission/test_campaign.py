"""Campaign documents: what they find, what they are called, and every fault at its place."""

import pytest

from slacheck.errors import SpecError, UsageError
from slacheck.submission.campaign import Task, load_campaign
from slacheck.submission.recognise import lint

HEAD = "slacheck: 1\ncampaign: acceptance\nentries:\n"


def names(path, **more):
    return [task.name for task in load_campaign(path, **more).tasks]


@pytest.fixture
def ready(facility):
    facility.spec()
    for name in ("runs/b.csv", "runs/a.csv", "runs/deep/c.csv"):
        facility.capture(name)
    facility.submission(captures="[{test: run, file: runs/a.csv}]")
    return facility


def faults(ready, entries):
    with pytest.raises(SpecError) as error:
        load_campaign(ready.write("c.yaml", HEAD + entries))
    return str(error.value).replace(f"{ready.folder}/", "")


def test_campaign_entries_become_tasks_in_the_order_of_their_names(ready):
    entries = (
        "  - {submissions: a.sla.yaml}\n"
        "  - {spec: tiny.yaml, captures: runs/*.csv, test: run, signals: {power: P}}\n"
        "  - {id: repeats, spec: tiny.yaml, captures: 'runs/**/*.csv', per: entry}\n"
    )
    assert load_campaign(ready.write("c.yaml", HEAD + entries)).tasks == (
        Task("a", "a.sla.yaml"),
        Task("repeats", "tiny.yaml", ("runs/a.csv", "runs/b.csv", "runs/deep/c.csv")),
        Task("tiny/runs/a.csv", "tiny.yaml", ("runs/a.csv",), "run", {"power": "P"}),
        Task("tiny/runs/b.csv", "tiny.yaml", ("runs/b.csv",), "run", {"power": "P"}),
    )


def test_campaign_of_a_folder_is_every_submission_below_it(ready):
    ready.write("vendors/x/b.sla.yaml", "")
    ready.write("vendors/.hidden/c.sla.yaml", "")
    ready.write("results/d.sla.yaml", "")
    assert names(ready.folder, output=ready.folder / "results") == ["a", "vendors/x/b"]


def test_campaign_of_a_folder_without_submissions_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"there is no submission \(\*.sla.yaml\) in this folder or below it"):
        load_campaign(tmp_path)


def test_campaign_pattern_passes_over_sidecars_results_and_the_second_half_of_a_pair(ready):
    for name in ("mixed/r.cfg", "mixed/r.dat", "mixed/lone.dat", "out/checks.parquet", "mixed/.x.csv"):
        ready.write(name, "")
    path = ready.write("c.yaml", HEAD + "  - {spec: tiny.yaml, captures: '**/*'}\n")
    found = [
        name for name in names(path, output=ready.folder / "out") if "mixed" in name or "meta" in name or "out" in name
    ]
    assert found == ["tiny/mixed/lone.dat", "tiny/mixed/r.cfg"]


def test_campaign_name_with_a_star_in_it_is_taken_as_it_stands(ready):
    ready.capture("runs/[1].csv")
    assert names(ready.write("c.yaml", HEAD + "  - {spec: tiny.yaml, captures: 'runs/[1].csv'}\n")) == [
        "tiny/runs/[1].csv"
    ]


FAULTS = {
    "{spec: tiny.yaml, captures: gone/*.csv}": "4:33: error: nothing is found by 'gone/*.csv' below this document",
    "{spec: tiny.yaml, captures: ../*.csv}": "4:33: error: '../*.csv' leads out of the folder of this document",
    "{spec: tiny.yaml, captures: /a.csv}": "4:33: error: the path '/a.csv' is absolute",
    "{spec: no.yaml, captures: runs/*.csv}": "4:12: error: there is no file 'no.yaml' beside this document",
    "{spec: tiny.yaml}": "4:5: error: an entry needs spec and captures, or submissions",
    "{submissions: a.sla.yaml, test: run}": "4:5: error: a submission names its spec, captures and tests itself",
    "{submissions: a.sla.yaml, per: both}": "4:36: error: expected 'capture' or 'entry', got 'both'",
}


@pytest.mark.parametrize("entry", FAULTS)
def test_campaign_fault_is_the_only_one_and_at_its_place(ready, entry):
    found = faults(ready, f"  - {entry}\n")
    assert found.startswith(f"c.yaml:{FAULTS[entry]}")
    assert found.count("error: ") == 1


def test_campaign_without_entries_is_refused(ready):
    assert "c.yaml:1:1: error: a campaign needs an entry" in faults(ready, "  []\n")


def test_campaign_result_asked_for_twice_is_a_fault(ready):
    entry = "  - {spec: tiny.yaml, captures: runs/*.csv}\n"
    assert faults(ready, entry + entry) == (
        "c.yaml:5:5: error: the result 'tiny/runs/a.csv' is asked for twice\n"
        "  5 |   - {spec: tiny.yaml, captures: runs/*.csv}\n"
        "          ^\n"
        "  fix: give one of the entries an `id:` of its own, or remove it"
    )


def test_campaign_names_of_files_are_plain_and_never_alike():
    stems = [Task(name, "").stem for name in ("a/b", "a-b", "a b", "../x", "é" * 200, "\udcff")]
    assert len(set(stems)) == 6
    assert all(stem.isascii() and len(stem) < 100 and not stem.startswith(".") and "/" not in stem for stem in stems)


def test_lint_campaign_looks_into_what_it_names(ready):
    path = ready.write("c.yaml", HEAD + "  - {spec: tiny.yaml, captures: runs/*.csv, test: run}\n")
    assert lint(path) == "campaign, 2 results"
    path = ready.write("c.yaml", HEAD + "  - {spec: tiny.yaml, captures: runs/*.csv, test: runn, signals: {powr: P}}\n")
    with pytest.raises(SpecError) as error:
        lint(path)
    said = str(error.value)
    assert "c.yaml:4:51: error: the spec has no test 'runn'" in said
    assert "did you mean 'power'?" in said
