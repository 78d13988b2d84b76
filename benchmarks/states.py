"""Rows on disk, so that a run that was stopped goes on where it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.cells import Cell
from benchmarks.scenarios.scenario import Scenario

Row = dict[str, Any]
_ROOT = Path(__file__).resolve().parents[1]


def digest(folders: Iterable[str] = ("slacheck", "benchmarks")) -> str:
    """SHA-256 of every source file, so that rows of other code are not mixed in."""
    found = hashlib.sha256()
    for folder in folders:
        for path in sorted((_ROOT / folder).rglob("*.py")):
            found.update(path.relative_to(_ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return found.hexdigest()


class State:
    """Rows of one cell in a JSON Lines file: a line that says what made them, then one for each record in order."""

    def __init__(self, folder: Path, scenario: Scenario, cell: Cell, made_by: Row, *, keep: bool = False) -> None:
        self.path = folder / scenario.name / f"{cell.name}.jsonl"
        self.rows: list[Row] = []
        header, *rows = self._read() or [None]
        if header is not None and (keep or header == made_by):
            self.rows = rows
        else:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text(_line(made_by))

    def _read(self) -> list[Row]:
        """Whole lines; one that was cut off when the run was stopped is taken out of the file."""
        if not self.path.exists():
            return []
        text = self.path.read_text()
        whole = text[: text.rfind("\n") + 1]
        if whole != text:
            self.path.write_text(whole)
        return [json.loads(line) for line in whole.splitlines()]

    def append(self, row: Row) -> None:
        """Write the next record down at once."""
        with self.path.open("a") as file:
            file.write(_line(row))
        self.rows.append(row)


def _line(row: Row) -> str:
    return json.dumps(row, separators=(",", ":"), allow_nan=False) + "\n"
