"""A small check is mostly imports: what it must not load."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"pandas", "scipy", "matplotlib", "jsonschema", "dask", "cryptography", "fsspec"}


@pytest.mark.parametrize("pack", [[], ["-o", "evidence.zip"]], ids=["", "with a pack"])
def test_check_of_a_small_capture_loads_no_heavy_library(tmp_path, pack):
    spec, capture = ROOT / "specs/kinds/ramp_rate.yaml", ROOT / "fixtures/kinds/ramp_rate.csv"
    arguments = ["check", str(spec), str(capture), "--quiet", *pack]
    code = (
        f"import sys; sys.argv[1:] = {arguments!r}\nfrom slacheck.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print('LOADED', sorted({HEAVY!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.splitlines() == ["example-ramp-rate: PASS", "LOADED []"]
    assert (tmp_path / "evidence.zip").exists() == bool(pack)
