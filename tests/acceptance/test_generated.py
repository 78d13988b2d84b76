"""What is generated is what is committed."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("script", ["fixtures/make.py", "docs/make_kinds.py"])
def test_generated_files_are_as_their_generator_writes_them(script):
    done = subprocess.run([sys.executable, script, "--check"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["spec", "capture", "submission"])
def test_schema_in_specs_is_the_one_the_program_prints(name, slacheck_command):
    done = slacheck_command("schema", name)
    assert done.returncode == 0, done.stderr
    assert (ROOT / "specs" / f"{name}.schema.json").read_text(encoding="utf-8") == done.stdout


def test_fixtures_stay_small_enough_for_a_repository():
    assert sum(path.stat().st_size for path in (ROOT / "fixtures").rglob("*") if path.is_file()) < 8_000_000
