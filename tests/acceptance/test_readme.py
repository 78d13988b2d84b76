"""Everything the README shows is run: its console blocks with the output shown, its Python blocks, its spec."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
CONSOLE = [text for language, text in BLOCKS if language == "console"]
PYTHON = [text for language, text in BLOCKS if language == "python"]
SHELL = [text for language, text in BLOCKS if language == "sh"]


@pytest.fixture(scope="module")
def playground(tmp_path_factory):
    """A folder with the shipped specs and fixtures, as after a clone; blocks run in it in the order of the README."""
    folder = tmp_path_factory.mktemp("readme")
    for name in ("specs", "fixtures"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


def commands(block):
    """(command, output shown) of a console block; `$` starts a command."""
    parts = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    return [tuple(part.split("\n", 1)) for part in parts]


def shell(command, folder):
    scripts = str(Path(sys.executable).parent)
    env = {**os.environ, "PATH": scripts + os.pathsep + os.environ["PATH"], "NO_COLOR": "1", "COLUMNS": "80"}
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=300
    )


def matches(shown, got):
    """Whether the output is the one shown, where a line `...` stands for any lines."""
    pattern = ".*".join(re.escape(part) for part in re.split(r"^\.\.\.\n", shown, flags=re.MULTILINE))
    return re.fullmatch(pattern, got, re.DOTALL) is not None


@pytest.mark.parametrize("number", range(len(CONSOLE)))
def test_readme_console_block_prints_what_is_shown(number, playground):
    for command, shown in commands(CONSOLE[number]):
        done = shell(command, playground)
        assert matches(shown, done.stdout + done.stderr), f"$ {command}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("number", range(len(PYTHON)))
def test_readme_python_block_runs(number, playground):
    (playground / "readme_block.py").write_text(PYTHON[number], encoding="utf-8")
    tests = "def test_" in PYTHON[number]
    command = f"{sys.executable} " + (
        "-m pytest -q -p no:cacheprovider readme_block.py" if tests else "readme_block.py"
    )
    done = shell(command, playground)
    assert done.returncode == 0, done.stdout + done.stderr


def test_readme_yaml_blocks_stand_in_a_shipped_spec():
    shipped = [path.read_text(encoding="utf-8") for path in (ROOT / "specs").rglob("*.yaml")]
    blocks = [text for language, text in BLOCKS if language == "yaml"]
    assert blocks
    assert all(any(block in text for text in shipped) for block in blocks)


def test_readme_has_one_command_to_run_and_one_to_test():
    assert len(SHELL) == 2
    assert all(len(block.strip().splitlines()) == 1 for block in SHELL)
    assert "slacheck check" in SHELL[0]
    assert "pytest" in SHELL[1]


def test_readme_links_lead_somewhere():
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", README)
    missing = [target for target in targets if not (ROOT / target).exists()]
    assert not missing


def test_readme_stays_short():
    assert len(README.splitlines()) <= 180
