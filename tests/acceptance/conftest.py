"""The installed command, run as a user runs it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def slacheck_command():
    """Run `slacheck ARGS` from the project root and return the finished process."""
    script = Path(sys.executable).parent / "slacheck"
    assert script.is_file(), f"{script} is missing: pip install . first"

    def run(*args, cwd=ROOT):
        env = {**os.environ, "NO_COLOR": "1", "COLUMNS": "100", "LC_ALL": "C.UTF-8"}
        return subprocess.run(
            [script, *map(str, args)], cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=300
        )

    return run
