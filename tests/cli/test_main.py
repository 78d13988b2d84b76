"""The program as a whole: its verbs, and those it does not have."""

import pytest
from click.testing import CliRunner

from slacheck import __version__
from slacheck.cli.main import main

VERBS = [
    "redact",
    *("check", "batch", "lint", "explain", "plan", "verify", "report", "keygen", "sign"),
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


@pytest.mark.parametrize("verb", ["compare", "diff", "run", "chek"])
def test_program_unknown_verb_exits_with_2(verb):
    result = run(verb)
    assert result.exit_code == 2
    assert f"No such command '{verb}'" in result.stderr


@pytest.mark.parametrize(("verb", "option"), [("verify", "--recompute")])
def test_program_options_of_later_versions_do_not_exist(verb, option):
    assert option not in run(verb, "--help").stdout
    assert run(verb, option, "x").exit_code == 2


def test_program_alone_shows_help_and_exits_with_2():
    result = run()
    assert result.exit_code == 2
    assert "Usage:" in result.output


def test_program_tells_its_version():
    assert run("--version").stdout == f"slacheck, version {__version__}\n"
