"""Every file in specs/ is valid and meets its fixture; an unlisted file fails."""

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SPECS = sorted((ROOT / "specs").rglob("*.yaml"))
CAPTURES = ROOT / "fixtures" / "kinds"
KINDS = json.loads((CAPTURES / "truth.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", SPECS, ids=lambda path: str(path.relative_to(ROOT)))
def test_spec_shipped_is_valid_and_can_be_explained_and_planned(path, slacheck_command):
    for verb in ("lint", "explain", "plan"):
        done = slacheck_command(verb, path)
        assert done.returncode == 0, done.stdout + done.stderr
    assert path.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=../spec.schema.json\n")


def test_specs_of_kinds_and_fixtures_of_kinds_are_the_same_list():
    assert {path.stem for path in SPECS if path.parent.name == "kinds"} == set(KINDS)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_kind_fixture_gives_the_verdicts_and_values_of_truth(kind, slacheck_command):
    capture = next(path for path in CAPTURES.glob(f"{kind}.*") if path.suffix in (".csv", ".npz"))
    done = slacheck_command("check", f"specs/kinds/{kind}.yaml", capture, "--format", "json")
    assert done.stdout, done.stderr
    results = json.loads(done.stdout)
    assert results["verdict"] == KINDS[kind]["verdict"], done.stdout
    checks = {check["name"]: check["measured"] for check in results["findings"][0]["checks"]}
    for name, value in KINDS[kind]["values"].items():
        low, high = checks[name]["interval"]
        assert low is None or low <= value, f"{name}: true {value}, measured {checks[name]}"
        assert high is None or value <= high, f"{name}: true {value}, measured {checks[name]}"


@pytest.mark.parametrize("path", sorted((ROOT / "fixtures").rglob("*.yaml")), ids=lambda path: path.name)
def test_fixture_document_is_valid(path, slacheck_command):
    done = slacheck_command("lint", path)
    assert done.returncode == 0, done.stdout + done.stderr
