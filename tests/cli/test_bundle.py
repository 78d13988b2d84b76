"""`bundle`: what a buyer publishes works where a supplier unpacks it."""

import hashlib
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from slacheck.cli.main import main

ROOT = Path(__file__).parents[2]
SPEC = (
    "slacheck: 1\nid: mine\ntitle: Mine\nextends: common/base\n"
    "requirements:\n  - {id: R-1, limits: {peak_to_peak: {max: 3 MW}}}\n"
)
BASE = (
    "slacheck: 1\nid: base\nsignals:\n  p: {quantity: active_power, unit: MW, accuracy: {reading: 1 %}}\n"
    "requirements:\n  - {id: R-1, kind: dynamic_range, signal: p, window: 1 s, limits: {peak_to_peak: {max: 5 MW}}}\n"
)


def run(*args):
    return CliRunner().invoke(main, [str(arg) for arg in args])


@pytest.fixture
def buyer(tmp_path):
    folder = tmp_path / "buyer"
    (folder / "common").mkdir(parents=True)
    (folder / "spec-2.yaml").write_text(SPEC, encoding="utf-8")
    (folder / "common" / "base.yaml").write_text(BASE, encoding="utf-8")
    rows = "".join(f"{i / 100},{5 + i % 7 / 1000}\n" for i in range(1000))
    (folder / "example.csv").write_text(f"t [s],p [MW]\n{rows}", encoding="utf-8")
    (folder / "example.csv.meta.yaml").write_text("slacheck: 1\nanti_alias: true\n", encoding="utf-8")
    return folder


def test_bundle_unpacked_elsewhere_is_checked_by_the_same_spec(buyer, tmp_path, monkeypatch):
    made = run("bundle", buyer / "spec-2.yaml", buyer / "example.csv", "-o", tmp_path / "b.zip")
    assert made.exit_code == 0
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        archive.extractall(tmp_path / "supplier")
        names = sorted(archive.namelist())
    assert names == [
        *("README.txt", "SHA256SUMS", "clauses.txt", "common/base.yaml"),
        *("examples/example.csv", "examples/example.csv.meta.yaml", "plan.txt", "spec.yaml"),
    ]
    monkeypatch.chdir(tmp_path / "supplier")
    for line in Path("SHA256SUMS").read_text(encoding="utf-8").splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256(Path(name).read_bytes()).hexdigest() == digest
    assert run("lint", "spec.yaml").exit_code == 0
    assert run("check", "spec.yaml", "examples/example.csv").exit_code == 0
    assert "slacheck check spec.yaml examples/example.csv\n" in Path("README.txt").read_text(encoding="utf-8")
    assert Path("plan.txt").read_text(encoding="utf-8") == run("plan", "spec.yaml").stdout


def test_bundle_bytes_are_the_same_again_and_elsewhere(buyer, tmp_path):
    run("bundle", buyer / "spec-2.yaml", buyer / "example.csv", "-o", tmp_path / "a.zip")
    buyer.rename(tmp_path / "moved")
    run("bundle", tmp_path / "moved/spec-2.yaml", tmp_path / "moved/example.csv", "-o", tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_bundle_of_an_installed_profile_holds_the_profile(tmp_path):
    made = run("bundle", ROOT / "specs/examples/hall-b-supply.yaml", "-o", tmp_path / "b.zip")
    assert made.exit_code == 0
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        inside = [name for name in archive.namelist() if name.startswith("profiles/")]
        assert archive.read(inside[0]) == (ROOT / "specs" / inside[0]).read_bytes()


def test_bundle_with_a_base_outside_its_folder_is_refused(buyer, tmp_path):
    (buyer / "sub").mkdir()
    (buyer / "sub/spec.yaml").write_text(SPEC.replace("common/base", "../common/base"), encoding="utf-8")
    made = run("bundle", buyer / "sub/spec.yaml", "-o", tmp_path / "b.zip")
    assert made.exit_code == 2
    assert "'../common/base', has no place beside spec.yaml" in made.stderr
    assert not (tmp_path / "b.zip").exists()


def test_bundle_of_two_examples_of_one_name_is_refused(buyer, tmp_path):
    (buyer / "other").mkdir()
    (buyer / "other/example.csv").write_text("t [s],p [MW]\n0,1\n1,1\n", encoding="utf-8")
    files = buyer / "example.csv", buyer / "other/example.csv"
    made = run("bundle", buyer / "spec-2.yaml", *files, "-o", tmp_path / "b.zip")
    assert made.exit_code == 2
    assert "another example has a file 'example.csv' too" in made.stderr
