"""Damaged recordings: a clean refusal, or a capture whose channels are as long as its clock; never anything else."""

import random
from pathlib import Path

import pytest

from slacheck.capture.load import open_capture
from slacheck.errors import SlacheckError

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures"
TOKENS = (b"99999999999999999999", b"-1", b"nan", b"1e400", b"\xff\xfe", b"", b'{"a":1}', b"\x00")
ROUNDS = 40


def damaged(content, chance):
    """The bytes with a few flipped, cut off, doubled, appended or written over."""
    raw = bytearray(content)
    place = chance.randrange(min(len(raw), chance.choice([64, 400, len(raw)])))
    match chance.randrange(5):
        case 0:
            for _ in range(chance.choice([1, 2, 8])):
                raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
            raw[place] = chance.randrange(256)
        case 1:
            del raw[place:]
        case 2:
            raw[place:place] = raw[place : place + chance.choice([1, 8, 300])]
        case 3:
            raw += bytes(chance.randrange(256) for _ in range(chance.choice([1, 7, 64])))
        case _:
            raw[place : place + 1] = chance.choice(TOKENS)
    return bytes(raw)


@pytest.mark.parametrize(
    ("recording", "ending"),
    [
        ("kinds/ramp_rate.csv", ""),
        ("compliant/training_run.npy", ""),
        ("kinds/flicker.npz", ""),
        ("compliant/supply_event.cfg", ""),
        ("compliant/supply_event.dat", ""),
        ("compliant/training_run.npy", ".meta.yaml"),
    ],
)
def test_damaged_recording_is_refused_or_whole(recording, ending, tmp_path):
    source = FIXTURES / recording
    files = {path.name: path.read_bytes() for path in source.parent.glob(f"{source.stem}.*")}
    target, main = source.name + ending, source.with_suffix(source.suffix.replace(".dat", ".cfg")).name
    chance, refused = random.Random(recording + ending), 0
    for _ in range(ROUNDS):
        for name, content in files.items():
            (tmp_path / name).write_bytes(damaged(content, chance) if name == target else content)
        try:
            capture = open_capture(tmp_path / main)
            for channel in capture.channels.values():
                assert channel.read(0, capture.clock.count).shape == (capture.clock.count,)
        except SlacheckError:
            refused += 1
    assert refused >= ROUNDS // 10
