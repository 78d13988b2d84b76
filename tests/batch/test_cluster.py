"""A batch on Dask: the same bytes, and nothing bare over a network."""

import pytest

from slacheck import api
from slacheck.batch import dissection
from slacheck.batch.cluster import check_address, cluster_crew, cluster_measure, on_cluster
from slacheck.batch.conduct import Way, conduct
from slacheck.batch.versions import versions
from slacheck.batch.work import digests_of, perform
from slacheck.batch.worker import Limits
from slacheck.errors import SlacheckError, UsageError
from slacheck.portion import shares_of
from slacheck.submission.campaign import load_campaign
from tests.batch.conftest import files_of, long_recording
from tests.batch.test_conduct import INLINE


@pytest.mark.parametrize(
    "address", ["local", "tcp://127.0.0.1:8786", "tcp://[::1]:1", "tcp://localhost:8786", "tls://cluster.example:8786"]
)
def test_scheduler_on_loopback_or_with_tls_may_be_used(address):
    check_address(address)


@pytest.mark.parametrize("host", ["10.0.0.5", "cluster.example", "0.0.0.0", "127.0.0.1.example", "[2001:db8::1]"])
def test_scheduler_bare_on_the_network_is_refused(host):
    with pytest.raises(UsageError) as error:
        check_address(f"tcp://{host}:8786")
    assert str(error.value) == (
        f"--scheduler: error: 'tcp://{host}:8786' is on the network without TLS: whoever reaches it can run code on "
        "its workers, and here\n"
        "  fix: use tls://, with the certificates in Dask's configuration (distributed.comm.tls), or a tunnel to "
        "127.0.0.1"
    )


@pytest.mark.parametrize(
    "address", ["", "8786", "127.0.0.1:8786", "tcp://127.0.0.1", "inproc://a:1", "tcp://a:b", "tcp://["]
)
def test_scheduler_that_is_no_address_is_refused(address):
    with pytest.raises(UsageError, match="is no address; expected local, tcp"):
        check_address(address)


def test_scheduler_without_dask_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(SlacheckError, match=r"--scheduler needs Dask; pip install 'slacheck\[dask\]'"):
        cluster_crew("local", jobs=1, limits=Limits())


@pytest.fixture(scope="module")
def scheduler():
    """The address of a cluster of two processes."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        memory_limit=None,
        silence_logs=50,
    ) as running:
        yield running.scheduler_address


def test_batch_on_a_cluster_of_two_processes_gives_the_same_bytes(scheduler, campaign, tmp_path):
    loaded = load_campaign(campaign)
    conduct(loaded, tmp_path / "here", way=INLINE)
    conduct(loaded, tmp_path / "there", way=Way(crew=cluster_crew(scheduler, jobs=2, limits=Limits())))
    assert files_of(tmp_path / "here") == files_of(tmp_path / "there")


def test_check_on_a_cluster_of_two_processes_gives_the_same_bytes(scheduler, campaign):
    captures = sorted((campaign.parent / "runs").glob("*.csv"))
    here = api.check(campaign.parent / "tiny.yaml", captures, test="run")
    there = api.check(campaign.parent / "tiny.yaml", captures, test="run", elsewhere=cluster_measure(scheduler, jobs=2))
    assert here.run.members == there.run.members


def test_check_of_a_long_capture_is_shared_by_the_workers_to_the_same_bytes(scheduler, monkeypatch):
    monkeypatch.setattr(dissection, "LONG", 0)
    shares = []
    monkeypatch.setattr(dissection, "shares_of", lambda *asked: shares.extend(found := shares_of(*asked)) or found)
    spec, capture = "specs/profiles/ai-training-hall.yaml", "fixtures/compliant/training_run.npy"
    here = api.check(spec, capture, test="training_run")
    there = api.check(spec, capture, test="training_run", elsewhere=cluster_measure(scheduler, jobs=2))
    assert len(shares) == 2
    assert here.run.members == there.run.members


@pytest.mark.parametrize("gap", [slice(0), slice(500_000, 500_001)])
def test_check_of_a_long_capture_is_cut_by_time_to_the_same_bytes(scheduler, tmp_path, monkeypatch, gap):
    monkeypatch.setattr(dissection, "LONG", 0)
    monkeypatch.setattr(dissection, "LEAST", 1 << 17)
    ways, by_time, by_clauses = [], dissection.Dissection._by_time, dissection.Dissection._by_clauses

    def timed(self, sent, cuts):
        ways.append(len(cuts.pieces))
        return by_time(self, sent, cuts)

    def shared(self, spec, sent, most):
        ways.append("clauses")
        return by_clauses(self, spec, sent, most)

    monkeypatch.setattr(dissection.Dissection, "_by_time", timed)
    monkeypatch.setattr(dissection.Dissection, "_by_clauses", shared)
    capture = long_recording(tmp_path, gap)
    here = api.check("benchmarks/speed.yaml", capture)
    there = api.check("benchmarks/speed.yaml", capture, elsewhere=cluster_measure(scheduler, jobs=2))
    assert ways == ([6] if gap.stop == 0 else [6, "clauses"])
    assert here.run.members == there.run.members


def test_check_on_a_cluster_of_a_damaged_capture_says_what_it_says_here(scheduler, campaign, facility, monkeypatch):
    monkeypatch.chdir(campaign.parent)
    facility.write("runs/bad.csv", "t [s],P\n0,x\n")
    said = []
    for elsewhere in (None, cluster_measure(scheduler, jobs=2)):
        with pytest.raises(SlacheckError) as error:
            api.check("tiny.yaml", ["runs/run-1.csv", "runs/bad.csv"], elsewhere=elsewhere)
        said.append(str(error.value))
    assert said[0] == said[1]


def job(campaign, **more):
    task = load_campaign(campaign).tasks[-1]
    known = {"name": task.name, "document": task.document, "captures": task.captures, "test": task.test, "signals": {}}
    folder = campaign.parent
    return {"folder": str(folder), "task": known, "address": None, "digests": digests_of(folder, task)} | more


def test_worker_that_sees_other_bytes_refuses(campaign, facility):
    sent = job(campaign)
    facility.capture("runs/run-2.csv", seconds=7)
    outcome = perform(sent)
    assert outcome["outcome"] == "bad_input"
    assert outcome["rows"][0]["message"] == (
        "run-2.csv: error: the worker has other bytes under this name than the machine that sent the task\n"
        "  fix: let all workers see the same files, by the same path"
    )


def test_worker_with_other_versions_is_told_apart(campaign, monkeypatch):
    sent = job(campaign, versions=versions() | {"numpy": "0.1"})
    here = versions() | {"numpy": "9.9"}
    monkeypatch.setattr("slacheck.batch.versions.versions", lambda: here)
    assert on_cluster(sent, 60.0, 4.0)["address"] == "a worker of the cluster has numpy 9.9 instead of 0.1"
