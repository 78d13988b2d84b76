"""The shipped example of remedies on its fixture: text, results, pack, verify, report, and a forged amount."""

import hashlib
import json
import re

import pytest

from slacheck.evidence.canonical import canonical_json
from slacheck.evidence.pack import read_pack, write_pack
from slacheck.evidence.verify import verify

SPEC, CAPTURE = "specs/examples/ramp-credits.yaml", "fixtures/kinds/ramp_rate.csv"


@pytest.fixture(scope="module")
def pack(slacheck_command, tmp_path_factory):
    path = tmp_path_factory.mktemp("remedies") / "pack.zip"
    done = slacheck_command("check", SPEC, CAPTURE, "-o", path)
    assert done.returncode == 1, done.stderr
    return path, done.stdout


def test_remedies_example_costs_what_its_contract_says(pack):
    path, text = pack
    block = json.loads(read_pack(path)["results.json"])["remedies"]
    (credit,) = block["credits"]
    # 5.02 of 4 MW/s is 25.5 % beyond: 3 % at once and two whole steps of 1 %, of 250000.00 USD
    assert (credit["amount_cents"], credit["lowest_cents"], credit["highest_cents"]) == (1250000,) * 3
    assert block["total"]["amount_cents"] == 1250000
    (headroom,) = block["headroom"]
    assert headroom["lowest_cents"] <= headroom["amount_cents"] <= headroom["highest_cents"]
    assert "\n    increments: floor(25.5 % / 10 %) = 2, x 1 %\n    250000.00 USD x 5 % = 12500.00 USD\n" in text


def test_remedies_do_not_change_the_verdict_or_the_findings(pack, slacheck_command, tmp_path):
    path, _ = pack
    members = read_pack(path)
    plain = tmp_path / "plain.yaml"
    text = (members["spec.yaml"].decode()).partition("remedies:")[0].replace("../kinds/", "")
    (tmp_path / "ramp_rate.yaml").write_bytes(members["extends/0.yaml"])
    plain.write_text(text, encoding="utf-8")
    done = slacheck_command("check", plain, CAPTURE, "--format", "json")
    without, with_them = json.loads(done.stdout), json.loads(members["results.json"])
    assert "remedies" not in without
    assert [f["checks"] for f in without["findings"]] == [f["checks"] for f in with_them["findings"]]
    assert without["verdict"] == with_them["verdict"]


def test_remedies_are_counted_again_by_verify_and_shown_in_the_report(pack):
    path, _ = pack
    report = verify(path)
    assert report.ok
    assert "remedies: 1 credits counted again, with the same amounts" in report.lines
    html = read_pack(path)["report.html"].decode()
    assert "What it costs" in html
    assert "250000.00 USD x 5 % = 12500.00 USD" in html


FORGERIES = [
    (("credits", 0, "amount_cents"), 1000000, "remedies: credits ramp is not what"),
    (("credits", 0, "highest_cents"), 1000000, "remedies: credits ramp is not what"),
    (("total", "amount_cents"), 1, "remedies: total is not what"),
    (("charge_cents",), 100, "remedies: charge_cents is not what"),
    (("headroom", 0, "amount_cents"), 1, "remedies: headroom reserve is not what"),
    (("headroom", 0, "energy"), 3.6e9, "remedies: headroom reserve is not what"),
    (("headroom", 0, "id"), "other", "the headroom other is not one of the resolved spec"),
    (("headroom", 0, "capture"), "other.csv", "the headroom reserve is of a capture other.csv that is not among"),
    (("headroom", 0, "interval"), [0.0, 1.0], " outside of its interval 0.0 .. 1.0"),
    (("headroom",), [], "the headroom reserve has no cost"),
    (("credits",), [], "remedies: there are 0 credits, the resolved spec makes 1"),
    ((), None, "remedies are in the resolved spec or in the results, but not in both"),
]


@pytest.mark.parametrize(("path", "value", "expected"), FORGERIES, ids=[f"{path}" for path, *_ in FORGERIES])
def test_remedies_forged_in_a_pack_that_fits_otherwise_are_found(pack, tmp_path, path, value, expected):
    members = read_pack(pack[0])
    results = json.loads(members["results.json"])
    files = [file for capture in results["captures"] for file in capture["files"]]
    forge(results, path, value)
    before = hashlib.sha256(members["results.json"]).hexdigest().encode()
    members["results.json"] = canonical_json(results)
    after = hashlib.sha256(members["results.json"]).hexdigest().encode()
    members["report.html"] = re.sub(before, after, members["report.html"])
    del members["manifest.json"]
    forged = tmp_path / "forged.zip"
    write_pack(forged, members, [FileOf(file) for file in files])
    report = verify(forged)
    assert not report.ok
    assert any(expected in line for line in report.lines), report.lines


def forge(results, path, value):
    """Change one thing of the block, or take it out."""
    if not path:
        del results["remedies"]
        return
    place = results["remedies"]
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value


class FileOf:
    """A file of a capture as the writer of packs wants it."""

    def __init__(self, entry):
        self.name, self.role, self.sha256, self.bytes = (entry[key] for key in ("name", "role", "sha256", "bytes"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("per: 10 %", "per: 0 %"),
        ("per: 10 %", f"per: {'9' * 400}"),
        ("per: 10 %", "per: []"),
        ("charge: 250000.00 USD", "charge: x"),
        ("rounding: half_even", "rounding: x"),
        ("requirements: [GRID-1]", "requirements: 3"),
        ("credits:", "other:"),
    ],
)
def test_remedies_of_a_resolved_spec_that_is_none_are_wrong_and_no_traceback(pack, tmp_path, old, new):
    members = read_pack(pack[0])
    resolved = members["resolved-spec.yaml"].decode()
    head, mark, block = resolved.partition("remedies:")
    assert old in block
    members["resolved-spec.yaml"] = (head + mark + block.replace(old, new, 1)).encode()
    files = [file for capture in json.loads(members["results.json"])["captures"] for file in capture["files"]]
    del members["manifest.json"]
    forged = tmp_path / "forged.zip"
    write_pack(forged, members, [FileOf(file) for file in files])
    assert not verify(forged).ok
