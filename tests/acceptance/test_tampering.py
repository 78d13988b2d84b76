"""Packs made by the command, then mixed with each other, or their writer killed: nothing verifies that should not."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from slacheck.cli.main import main
from slacheck.evidence.archive import zipped
from slacheck.evidence.canonical import canonical_json
from slacheck.evidence.pack import read_pack

SPEC = """\
slacheck: 1
id: hall
version: "{version}"
signals: {{p: {{quantity: active_power, unit: MW, rated: 10 MW, accuracy: {{reading: 1 %}}}}}}
requirements:
  - {{id: R-1, kind: dynamic_range, signal: p, window: 1 s, limits: {{peak_to_peak: {{max: {limit}}}}}}}
"""


def run(*args):
    return CliRunner().invoke(main, [str(arg) for arg in args])


def made(folder, version="1", limit="5 MW", swing=2.0):
    """A signed pack of its own spec and recording, in a folder of its own."""
    folder.mkdir()
    (folder / "spec.yaml").write_text(SPEC.format(version=version, limit=limit), encoding="utf-8")
    rows = "".join(f"{i / 100},{5 + (i // 100) % 2 * swing + i % 7 / 1000}\n" for i in range(500))
    (folder / "run.csv").write_text(f"t [s],p [MW]\n{rows}", encoding="utf-8")
    assert run("keygen", folder / "key").exit_code == 0
    pack = folder / "pack.zip"
    done = run("check", folder / "spec.yaml", folder / "run.csv", "-o", pack, "--embed", "--sign", folder / "key")
    assert done.exit_code in (0, 1), done.output
    return pack


@pytest.fixture(scope="module")
def packs(tmp_path_factory):
    """A pack that fails, and one of the same names that passes."""
    folder = tmp_path_factory.mktemp("packs")
    return made(folder / "bad", version="2", limit="4 MW", swing=6.0), made(folder / "good")


def accepted(path, members, *options):
    """Whether `verify` finds nothing wrong with a pack of these members."""
    path.write_bytes(b"".join(zipped(members)))
    done = run("verify", path, *options)
    assert done.exit_code in (0, 1), done.output
    return done.exit_code == 0


def with_manifest(members):
    """The members, unsigned, under a manifest that fits them."""
    members = {name: content for name, content in members.items() if name != "statement.dsse.json"}
    manifest = json.loads(members["manifest.json"])
    others = {name: content for name, content in members.items() if name != "manifest.json"}
    manifest["members"] = {n: {"sha256": hashlib.sha256(c).hexdigest(), "bytes": len(c)} for n, c in others.items()}
    return others | {"manifest.json": canonical_json(manifest)}


def mixes(bad, good):
    """Every member of one pack in the place that it has in the other, alone or with all but one."""
    assert bad.keys() == good.keys()
    changed = [name for name in bad if bad[name] != good[name]]
    assert len(changed) >= 9
    for name in changed:
        yield name, bad | {name: good[name]}
        yield f"all but {name}", good | {name: bad[name]}


def test_verify_members_of_two_packs_never_verify_together(packs, tmp_path):
    bad, good = (dict(read_pack(path)) for path in packs)
    assert accepted(tmp_path / "mixed.zip", bad)
    for name, members in mixes(bad, good):
        assert not accepted(tmp_path / "mixed.zip", members), name


def test_verify_members_of_two_packs_under_a_fitting_manifest_are_found_the_plots_by_recompute(packs, tmp_path):
    bad, good = (dict(read_pack(path)) for path in packs)
    target = tmp_path / "mixed.zip"
    assert accepted(target, with_manifest(bad), "--recompute")
    for name, members in mixes(bad, good):
        if name.endswith(("manifest.json", "statement.dsse.json")):
            continue  # both are made again or left out
        if "traces/" not in name:
            assert not accepted(target, with_manifest(members)), name
        assert not accepted(target, with_manifest(members), "--recompute"), name


def test_verify_redaction_of_another_pack_hides_nothing(packs, tmp_path):
    redacted = tmp_path / "redacted.zip"
    assert run("redact", packs[1], "-o", redacted).exit_code == 0
    bad, good = dict(read_pack(packs[0])), dict(read_pack(redacted))
    kept = {name: bad[name] for name in good if name in bad}
    target = tmp_path / "mixed.zip"
    assert not accepted(target, kept | {"redaction.json": good["redaction.json"]})
    assert not accepted(target, with_manifest(kept) | {"redaction.json": good["redaction.json"]})
    assert not accepted(target, good | {"results.json": bad["results.json"]})


def test_check_killed_at_any_moment_leaves_no_pack_or_a_whole_one(tmp_path):
    (tmp_path / "spec.yaml").write_text(SPEC.format(version="1", limit="5 MW"), encoding="utf-8")
    np.save(tmp_path / "run.npy", np.linspace(1.0, 2.0, 500_000))
    sidecar = "slacheck: 1\nchannels: {x: {unit: MW}}\ntime: {sample_rate: 1 kHz}\n"
    (tmp_path / "run.npy.meta.yaml").write_text(sidecar, encoding="utf-8")
    folder = tmp_path / "out"
    folder.mkdir()
    script = Path(sys.executable).parent / "slacheck"
    command = [script, "check", "spec.yaml", "run.npy", "--map", "p=x", "-o", "out/pack.zip", "--embed", "--quiet"]
    start = time.monotonic()
    subprocess.run(command, cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    took, chance = time.monotonic() - start, random.Random(5)
    whole = (folder / "pack.zip").read_bytes()
    for _ in range(5):
        (folder / "pack.zip").unlink(missing_ok=True)
        writer = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(took * (0.5 + 0.6 * chance.random()))
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
        left = sorted(path.name for path in folder.iterdir())
        hidden = [name for name in left if name.startswith(".") and name.endswith(".slacheck-partial")]
        assert len(hidden) <= 1, left
        assert [name for name in left if name not in hidden] in ([], ["pack.zip"])
        assert "pack.zip" not in left or (folder / "pack.zip").read_bytes() == whole
    subprocess.run(command, cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    assert [path.name for path in folder.iterdir()] == ["pack.zip"]
    assert (folder / "pack.zip").read_bytes() == whole
