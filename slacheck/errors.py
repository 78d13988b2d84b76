"""What slacheck says when it cannot go on: one exception family, by origin of the fault.

Every error ends the command with exit code 2 and one paragraph per problem: where, what,
what was expected and how to mend it. A verdict is never an exception.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem at one place.

    Parameters
    ----------
    place : str
        File as the user named it, or another origin ("--map", a channel of a capture).
    message : str
        What is wrong, with the offending value and what was expected.
    line, column : int, optional
        One-based position in the file, columns in code points.
    source : str, optional
        The text of the line, shown under the message with a caret.
    length : int
        How many code points the caret underlines.
    fix : str, optional
        What to write or do instead.
    """

    place: str
    message: str
    line: int | None = None
    column: int | None = None
    source: str | None = None
    length: int = 1
    fix: str | None = None

    def __str__(self) -> str:
        """`file:line:column: error: message`, the line with a caret, and the fix."""
        where = self.place
        if self.line is not None:
            where += f":{self.line}"
            if self.column is not None:
                where += f":{self.column}"
        lines = [f"{printable(where)}: error: {printable(self.message)}"]
        if self.source is not None and self.line is not None and self.column is not None:
            prefix = f"  {self.line} | "
            shown = printable(self.source)
            lines.append(prefix + shown)
            indent = len(prefix) + len(printable(self.source[: self.column - 1]))
            lines.append(" " * indent + "^" + "~" * max(0, self.length - 1))
        if self.fix:
            lines.append(f"  fix: {printable(self.fix)}")
        return "\n".join(lines)


class SlacheckError(Exception):
    """Input that cannot be worked with; the command ends with exit code 2.

    Parameters
    ----------
    problems : Diagnostic, str, or an iterable of Diagnostic
        All that is wrong, in the order of the file.
    """

    def __init__(self, problems: Diagnostic | str | Iterable[Diagnostic]) -> None:
        if isinstance(problems, str):
            problems = Diagnostic("slacheck", problems)
        if isinstance(problems, Diagnostic):
            problems = (problems,)
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class UsageError(SlacheckError):
    """The command line or an API call does not fit together."""


class SpecError(SlacheckError):
    """A spec, sidecar or submission document is not valid."""


class CaptureError(SlacheckError):
    """A recording cannot be read as what it claims to be."""


class PackError(SlacheckError):
    """An evidence pack cannot be opened."""


class KeyFileError(SlacheckError):
    """A file is not a key that can sign or check, or cannot be opened as one."""


class PluginError(SlacheckError):
    """A kind from another package does not fit the contract or takes a name in use."""


_ESCAPED = {
    *range(0x00, 0x20),
    *range(0x7F, 0xA0),
    0x061C,
    *range(0x200E, 0x2010),
    *range(0x2028, 0x202F),
    *range(0x2066, 0x206A),
    0xFEFF,
    *range(0xD800, 0xE000),
}


def printable(text: str) -> str:
    """`text` with control, bidirectional and surrogate characters as visible escapes."""
    return "".join(_escape(c) if ord(c) in _ESCAPED else c for c in text)


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
