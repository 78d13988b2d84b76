"""A batch gives the same bytes however it is done; a poison recording is an ERROR for itself alone."""

import random
import signal
import time
from dataclasses import replace

import pytest

from slacheck.batch.conduct import Way, conduct, worst
from slacheck.batch.crew import local_crew
from slacheck.batch.folder import TABLE
from slacheck.batch.table import read_table
from slacheck.batch.work import perform
from slacheck.batch.worker import Limits
from slacheck.errors import UsageError
from slacheck.submission.campaign import load_campaign
from tests.batch.conftest import files_of, slacheck


def inline(tasks, prepare):
    """In this process, for tests of what does not depend on who does the tasks."""
    return ((task, perform(prepare(task))) for task in tasks)


INLINE = Way(crew=inline)


def rows(folder):
    return list(read_table(folder / TABLE))


def test_batch_gives_each_result_a_pack_and_its_checks_a_row(campaign, tmp_path):
    counts = conduct(load_campaign(campaign), tmp_path / "out", way=INLINE)
    assert counts == {"PASS": 4, "bad_input": 1}
    assert worst(counts) == "bad_input"
    names = ["b/b", "c/c", "tiny/runs/run-0.csv", "tiny/runs/run-1.csv", "tiny/runs/run-2.csv"]
    assert list(dict.fromkeys(row["submission"] for row in rows(tmp_path / "out"))) == names
    last = rows(tmp_path / "out")[-1]
    known = {key: last[key] for key in ("spec", "requirement", "check", "clause", "test", "capture", "verdict", "unit")}
    assert known == {
        **{"spec": "tiny", "requirement": "RAMP-1", "check": "down", "clause": "7.1", "test": "run"},
        **{"capture": "runs/run-2.csv", "verdict": "PASS", "unit": "W/s"},
    }
    assert (last["limit_max"], last["low"] <= last["value"] <= last["high"]) == (5000.0, True)
    packs = {row["pack"] for row in rows(tmp_path / "out") if row["pack"]}
    assert packs == {name for name in files_of(tmp_path / "out") if name.startswith("packs/")}


def test_batch_bad_input_in_one_submission_is_its_own_row_and_names_no_machine_path(campaign, tmp_path):
    conduct(load_campaign(campaign), tmp_path / "out", way=INLINE)
    bad = [row for row in rows(tmp_path / "out") if row["outcome"] == "bad_input"]
    assert [(row["submission"], row["verdict"], row["requirement"], row["pack"]) for row in bad] == [
        ("c/c", "bad_input", None, None)
    ]
    assert bad[0]["message"] == (
        "c/c.sla.yaml:4:30: error: there is no capture 'gone.csv' beside this document\n"
        "  4 | captures: [{test: run, file: gone.csv}]\n"
        "                                   ^~~~~~~~\n"
        "  fix: add the file, or remove the entry"
    )
    assert str(tmp_path).encode() not in b"".join(files_of(tmp_path / "out").values())


def shuffled(tasks, prepare):
    mixed = list(tasks)
    random.Random(5).shuffle(mixed)
    return local_crew(mixed, prepare, jobs=2, limits=Limits())


def test_batch_jobs_and_order_do_not_change_a_byte(campaign, tmp_path):
    loaded = load_campaign(campaign)
    conduct(loaded, tmp_path / "one", way=INLINE)
    conduct(loaded, tmp_path / "two", way=Way(crew=shuffled))
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")


def test_batch_resumed_does_again_only_what_changed(campaign, facility, tmp_path):
    out, seen = tmp_path / "out", []
    conduct(load_campaign(campaign), out, way=INLINE)
    stamps = {path.name: path.stat().st_mtime_ns for path in out.rglob("*.zip")}
    facility.capture("runs/run-1.csv", seconds=15)
    conduct(load_campaign(campaign), out, resume=True, way=INLINE, progress=seen.append)
    again = [path.name for path in out.rglob("*.zip") if path.stat().st_mtime_ns != stamps[path.name]]
    assert [name[:14] for name in again] == ["tiny-runs-run-"]
    assert (seen[-1].done, seen[-1].of, seen[-1].before) == (5, 5, 3)
    conduct(load_campaign(campaign), tmp_path / "fresh", way=INLINE)
    assert files_of(out) == files_of(tmp_path / "fresh")


@pytest.mark.parametrize("what", ["pack", "done", "sidecar", "spec"])
def test_batch_resumed_makes_again_what_was_damaged_or_rests_on_other_bytes(campaign, facility, tmp_path, what):
    out = tmp_path / "out"
    conduct(load_campaign(campaign), out, way=INLINE)
    if what in ("pack", "done"):
        victim = next(out.glob(f"{'packs' if what == 'pack' else 'done'}/b-*"))
        victim.write_bytes(victim.read_bytes()[:-1] + b"?")
    elif what == "sidecar":
        path = campaign.parent / "runs/run-1.csv.meta.yaml"
        path.write_text(path.read_text().replace("anti_alias: true", "anti_alias: false"))
    else:
        facility.spec(limit="0.5 kW/s")
    conduct(load_campaign(campaign), out, resume=True, way=INLINE)
    conduct(load_campaign(campaign), tmp_path / "fresh", way=INLINE)
    assert files_of(out) == files_of(tmp_path / "fresh")


def test_batch_killed_at_random_moments_and_resumed_ends_in_the_same_bytes(campaign, poison, tmp_path, facility):
    for number in range(3):
        facility.capture(f"runs/slow-{number}.csv", seconds=5)
    conduct(load_campaign(campaign), tmp_path / "whole", way=INLINE)
    out, moment = tmp_path / "out", random.Random(11)
    for _ in range(3):
        batch = slacheck("batch", "campaign.yaml", "-o", out, "--resume", "--jobs", "2", cwd=campaign.parent)
        time.sleep(moment.uniform(0.3, 1.6))
        batch.send_signal(signal.SIGKILL)
        batch.communicate()
    conduct(load_campaign(campaign), out, resume=True)
    assert files_of(out) == files_of(tmp_path / "whole")


# ---------------------------------------------------------------- poison

LIMITS = Limits(seconds=5.0, memory=2.0)


def test_batch_poison_recording_is_an_error_for_itself_alone_and_says_why(campaign, poison, tmp_path, facility):
    for name in ("exit", "crash", "hang", "memory"):
        facility.capture(f"runs/{name}.csv")
    counts = conduct(load_campaign(campaign), tmp_path / "out", way=Way(2, LIMITS))
    assert counts == {"PASS": 4, "bad_input": 1, "ERROR": 4}
    why = {row["submission"][10:]: row["message"] for row in rows(tmp_path / "out") if row["outcome"] == "ERROR"}
    ended = (
        "The process that judged it was ended {}, 2 times: a reader that crashes on this recording, or no memory "
        "(the limit is 2 GiB). Look at it with `slacheck inspect`, or export it again."
    )
    assert why == {
        "exit.csv": ended.format("with exit code 7"),
        "crash.csv": ended.format("by signal 11 (SIGSEGV)"),
        "hang.csv": "It took longer than the limit of 5 s and was ended; give more with --time-limit.",
        "memory.csv": "It needs more memory than the limit of 2 GiB; give more with --memory-limit.",
    }


def test_batch_resumed_tries_an_error_again(campaign, poison, tmp_path, facility, monkeypatch):
    facility.capture("runs/exit.csv")
    conduct(load_campaign(campaign), tmp_path / "out", way=Way(2, LIMITS))
    monkeypatch.setenv("PYTHONPATH", "")
    counts = conduct(load_campaign(campaign), tmp_path / "out", resume=True, way=INLINE)
    assert counts == {"PASS": 5, "bad_input": 1}


# ---------------------------------------------------------------- the folder


def refusal(campaign, out, resume=False):
    with pytest.raises(UsageError) as error:
        conduct(load_campaign(campaign), out, resume=resume)
    return str(error.value).replace(str(out.parent), "")


def test_batch_into_a_folder_that_is_not_empty_names_resume(campaign, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").touch()
    assert refusal(campaign, tmp_path / "out") == (
        "/out: error: the folder is not empty\n  fix: go on with --resume, or name a new folder"
    )
    assert refusal(campaign, tmp_path / "out", resume=True) == (
        "/out: error: the folder holds no batch to go on with\n  fix: name another folder"
    )


def test_batch_resumed_with_results_of_another_campaign_is_refused(campaign, tmp_path):
    conduct(load_campaign(campaign), tmp_path / "out", way=INLINE)
    (campaign.parent / "b/b.sla.yaml").unlink()
    found = refusal(campaign, tmp_path / "out", resume=True)
    assert found.startswith("/out: error: the folder holds 1 results that the campaign does not ask for, such as b-b-")


def test_batch_into_a_folder_that_another_batch_writes_to_is_refused(campaign, tmp_path):
    loaded = load_campaign(campaign)

    def nested(tasks, prepare):
        assert refusal(campaign, tmp_path / "out", resume=True) == (
            "/out: error: another batch is writing to this folder"
        )
        return inline(tasks, prepare)

    conduct(replace(loaded, tasks=loaded.tasks[:1]), tmp_path / "out", way=Way(crew=nested))
