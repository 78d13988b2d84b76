"""A tiny facility whose verdict is known: one power, one ramp clause, recordings of a steady ramp."""

from pathlib import Path

import pytest

SPEC = """\
slacheck: 1
id: tiny
version: "1.0"
signals:
  power: {{quantity: active_power, unit: kW, rated: 100 kW, channel: P, accuracy: {{reading: 0.1 %}}}}
tests:
  run: {{title: One run, repeat: {{count: 1}}}}
requirements:
  - id: RAMP-1
    clause: "7.1"
    kind: ramp_rate
    signal: power
    window: 1 s
    tests: [run]
    limits: {{up: {{max: {limit}}}, down: {{max: {limit}}}}}
{more}"""

SIDECAR = """\
slacheck: 1
channels: {P: {unit: kW}}
time: {start: 2026-11-20T08:00:00Z}
anti_alias: true
"""


class Facility:
    """Writes documents and captures into a folder. The power ramps by 1 kW/s from 10 kW, for `seconds`."""

    def __init__(self, folder):
        self.folder = folder

    def spec(self, limit="5 kW/s", more="", name="tiny.yaml"):
        return self.write(name, SPEC.format(limit=limit, more=more))

    def capture(self, name="run-1.csv", seconds=10, channel="P"):
        rows = [f"t [s],{channel}"]
        rows += [f"{k / 100:.2f},{10 + k / 100:.4f}" for k in range(round(seconds * 100))]
        self.write(f"{name}.meta.yaml", SIDECAR.replace("P:", f"{channel}:"))
        return self.write(name, "\n".join(rows) + "\n")

    def submission(self, more="", captures="[{test: run, file: run-1.csv}]", name="a.sla.yaml"):
        text = f"slacheck: 1\nsubmission: vendor-a\nspec: tiny.yaml\nsupplier: Example\ncaptures: {captures}\n{more}"
        return self.write(name, text)

    def write(self, name, text):
        path = Path(self.folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path


@pytest.fixture
def facility(tmp_path):
    return Facility(tmp_path)
