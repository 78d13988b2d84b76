import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from slacheck.errors import PackError
from slacheck.evidence.pack import manifest, read_pack, write_pack

HERE = Path(__file__).parent
AGAIN = """
import importlib.util, sys
from pathlib import Path
spec = importlib.util.spec_from_file_location("synthetic_records", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
from slacheck.evidence.pack import write_pack
record = module.record()
write_pack(Path(sys.argv[2]), module.members(record), module.files(record))
"""


def test_write_pack_read_back_gives_the_members_and_a_manifest(tmp_path, synthetic):
    record = synthetic.record()
    members = synthetic.members(record)
    write_pack(tmp_path / "p.zip", members, synthetic.files(record))
    found = dict(read_pack(tmp_path / "p.zip"))
    told = json.loads(found.pop("manifest.json"))
    assert found == members
    assert set(told["members"]) == set(members)
    assert told["members"]["spec.yaml"] == {
        "sha256": hashlib.sha256(members["spec.yaml"]).hexdigest(),
        "bytes": len(members["spec.yaml"]),
    }
    assert [file["name"] for file in told["captures"]] == ["step-1.csv", "step-1.csv.meta.yaml"]
    assert {"python", "numpy", "pyarrow"} <= set(told["dependencies"])


def test_manifest_embedded_capture_is_not_listed_as_referenced(synthetic):
    content = b"t,x\n"
    inside = synthetic.FileRecord("a.csv", "data", hashlib.sha256(content).hexdigest(), len(content))
    outside = synthetic.file_record("b.csv")
    told = manifest({"captures/a.csv": content}, [inside, outside, outside])
    assert [file["name"] for file in told["captures"]] == ["b.csv"]


def test_write_pack_names_no_host_user_or_path(tmp_path, synthetic):
    record = synthetic.record(error=True)
    write_pack(tmp_path / "p.zip", synthetic.members(record), synthetic.files(record))
    raw = (tmp_path / "p.zip").read_bytes()
    for word in (os.uname().nodename, str(tmp_path), str(Path.cwd()), str(Path.home()) + "/"):
        assert word.encode() not in raw


@pytest.mark.parametrize("seed", ["0", "1", "2"])
def test_write_pack_same_record_gives_same_bytes_in_any_process(tmp_path, synthetic, seed):
    record = synthetic.record()
    write_pack(tmp_path / "here.zip", synthetic.members(record), synthetic.files(record))
    command = [sys.executable, "-c", AGAIN, str(HERE / "synthetic.py"), str(tmp_path / "there.zip")]
    env = {**os.environ, "PYTHONHASHSEED": seed, "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    subprocess.run(command, check=True, env=env)
    assert (tmp_path / "there.zip").read_bytes() == (tmp_path / "here.zip").read_bytes()


@pytest.mark.parametrize("folder", ["missing/p.zip", "."])
def test_write_pack_where_it_cannot_be_is_an_error(tmp_path, folder):
    with pytest.raises(PackError, match="cannot be written"):
        write_pack(tmp_path / folder, {"a": b""}, ())
    assert list(tmp_path.iterdir()) == []


def test_write_pack_unfit_name_leaves_no_file(tmp_path):
    with pytest.raises(PackError, match="not a plain relative path"):
        write_pack(tmp_path / "p.zip", {"../a": b""}, ())
    assert list(tmp_path.iterdir()) == []


def test_read_pack_what_is_no_pack_is_an_error(tmp_path):
    (tmp_path / "p.zip").write_text("hello")
    with pytest.raises(PackError, match=r"not an evidence pack: it does not begin with a member; is it a zip\?"):
        read_pack(tmp_path / "p.zip")
