"""The program as a whole: its verbs, and those it does not have."""

import pytest
from click.testing import CliRunner

from slacheck import __version__
from slacheck.cli.main import main

VERBS = [
    *("check", "batch", "bundle", "lint", "explain", "plan", "verify", "report", "keygen", "sign"),
    *("compare", "diff", "redact"),
    *("schema", "kinds", "inspect"),
]


def run(*args):
    return CliRunner().invoke(main, [str(arg) for arg in args])


def test_program_has_these_verbs_and_help_for_each():
    assert sorted(main.commands) == sorted(VERBS)
    for verb in VERBS:
        result = run(verb, "--help")
        assert result.exit_code == 0
        assert max(map(len, result.stdout.splitlines())) <= 100


@pytest.mark.parametrize("verb", ["run", "chek"])
def test_program_unknown_verb_exits_with_2(verb):
    result = run(verb)
    assert result.exit_code == 2
    assert f"No such command '{verb}'" in result.stderr


def test_program_alone_shows_help_and_exits_with_2():
    result = run()
    assert result.exit_code == 2
    assert "Usage:" in result.output


def test_program_tells_its_version():
    assert run("--version").stdout == f"slacheck, version {__version__}\n"
