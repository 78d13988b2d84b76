"""A campaign of tiny recordings, and recordings that take their process with them."""

import subprocess
import sys

import numpy as np
import pytest

POISON = """\
import os, signal, time
import slacheck.capture.load as load

read = load.READERS[".csv"]

def poisoned(source, hint):
    name = source.path.name
    if name.startswith("exit"):
        os._exit(7)
    if name.startswith("crash"):
        os.kill(os.getpid(), signal.SIGSEGV)
    if name.startswith("hang"):
        time.sleep(1e6)
    if name.startswith("memory"):
        bytearray(8 << 30)
    if name.startswith("slow"):
        time.sleep(0.3)
    return read(source, hint)

load.READERS[".csv"] = poisoned
"""
CAMPAIGN = """\
slacheck: 1
campaign: acceptance
entries:
  - {spec: tiny.yaml, captures: runs/*.csv, test: run}
  - {submissions: "*/*.sla.yaml"}
"""


@pytest.fixture
def campaign(facility):
    """Three recordings, a submission of a fourth, and one whose recording is missing."""
    facility.spec()
    for number in range(3):
        facility.capture(f"runs/run-{number}.csv", seconds=10 + number)
    facility.capture("b/run-1.csv")
    text = "slacheck: 1\nsubmission: {}\nspec: ../tiny.yaml\ncaptures: [{{test: run, file: {}}}]\n"
    facility.write("b/b.sla.yaml", text.format("vendor-b", "run-1.csv"))
    facility.write("c/c.sla.yaml", text.format("vendor-c", "gone.csv"))
    return facility.write("campaign.yaml", CAMPAIGN)


@pytest.fixture
def poison(tmp_path_factory, monkeypatch):
    """Recordings named exit, crash, hang, memory or slow do that to the worker that reads them."""
    folder = tmp_path_factory.mktemp("poison")
    (folder / "sitecustomize.py").write_text(POISON, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=":")


def files_of(folder):
    """Every file below a folder, with its bytes."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def slacheck(*args, cwd):
    code = "from slacheck.cli.main import main; main()"
    command = [sys.executable, "-c", code, *map(str, args)]
    return subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def long_recording(folder, gap):
    count = 3 << 18
    noise = np.random.default_rng(1).normal(0, 1, count)
    samples = (325 * np.sin(np.arange(count) * (2 * np.pi * 50 / 10_000)) + noise).astype(np.float32)
    samples[gap] = np.nan
    np.save(folder / "x.npy", samples)
    (folder / "x.npy.meta.yaml").write_text(
        "slacheck: 1\nchannels: {x: {unit: V, accuracy: {reading: 0.2 %}}}\ntime: {sample_rate: 10 kHz}\n"
    )
    return folder / "x.npy"
