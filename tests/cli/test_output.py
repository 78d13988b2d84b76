"""Colours and progress only where somebody looks."""

import sys

import pytest

from slacheck.cli.output import style
from slacheck.cli.progress import progress


@pytest.fixture
def terminal(monkeypatch):
    """Both streams are a terminal without limits."""
    for name in ("NO_COLOR", "CI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    return monkeypatch


def test_style_terminal_has_its_width_and_colours(terminal):
    terminal.setenv("COLUMNS", "100")
    assert style() == {"width": 100, "color": True}


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_style_plain_where_the_environment_says_so(terminal, name, value):
    terminal.setenv(name, value)
    assert style()["color"] is False


def test_style_file_is_80_columns_without_colour(monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False, raising=False)
    assert style() == {"width": 80, "color": False}


def test_progress_terminal_is_told_on_standard_error_only(terminal, capsys):
    terminal.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    terminal.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with progress(False) as tell:
        tell("measuring [/foo] a\x1b[31mb")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("quiet", "name", "value"), [(True, "X", ""), (False, "CI", "1"), (False, "TERM", "dumb")])
def test_progress_is_silent_where_nobody_looks(terminal, quiet, name, value):
    terminal.setenv(name, value)
    with progress(quiet) as tell:
        assert tell is None


def test_progress_is_silent_in_a_pipe(monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False, raising=False)
    with progress(False) as tell:
        assert tell is None
