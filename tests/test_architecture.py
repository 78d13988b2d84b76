"""The house: which way imports run, what a kind brings with it, what numerics may bear a verdict, sizes."""

import ast
import importlib
import io
import re
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "slacheck"
MODULES = sorted(PACKAGE.rglob("*.py"))
NAMES = [str(path.relative_to(ROOT)) for path in MODULES]


def module_name(path):
    """`slacheck/measure/rms.py` -> `slacheck.measure.rms`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


KNOWN = {module_name(path): path for path in MODULES}


def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def internal_imports(path):
    """(line, slacheck module, inside a function) of every import that runs; TYPE_CHECKING blocks do not."""
    found = []

    def visit(node, inside):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
        inside = inside or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        if isinstance(node, ast.Import):
            found.extend((node.lineno, alias.name, inside) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            for alias in node.names:
                deeper = f"{node.module}.{alias.name}"
                found.append((node.lineno, deeper if deeper in KNOWN else node.module, inside))
        for child in ast.iter_child_nodes(node):
            visit(child, inside)

    visit(tree_of(path), False)
    return [(line, name, inside) for line, name, inside in found if name.split(".")[0] == "slacheck"]


# ---------------------------------------------------------------- imports


def test_import_contracts_of_pyproject_hold():
    pytest.importorskip("importlinter", reason="import-linter is not installed: pip install 'slacheck[test]'")
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_imports_at_module_level_have_no_cycle():
    graph = {
        name: {target for _, target, inside in internal_imports(path) if not inside and target != name}
        for name, path in KNOWN.items()
    }
    finished, on_path = set(), []

    def walk(name):
        if name in finished or name not in graph:
            return
        assert name not in on_path, " -> ".join([*on_path[on_path.index(name) :], name])
        on_path.append(name)
        for target in sorted(graph[name]):
            walk(target)
        on_path.pop()
        finished.add(name)

    for name in graph:
        walk(name)


IMPORTS_INSIDE_FUNCTIONS = (
    "slacheck.kinds.",  # meters() and evaluate() reach measure only when they run: lint needs no NumPy
    "slacheck.cli.",  # a verb loads only what it needs
    "slacheck.pytest_plugin",  # costs nothing where it is not used
    "slacheck.spec.plugins",  # kinds of other packages
    "slacheck.submission.recognise",  # lint loads what reads the document in hand
    "slacheck.run",  # a report is rendered only where one is asked for
)


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_imports_inside_functions_only_where_the_house_allows_them(path):
    name = module_name(path)
    if name == "slacheck" or name.startswith(IMPORTS_INSIDE_FUNCTIONS):
        return
    inside = [f"line {line}: {target}" for line, target, inside in internal_imports(path) if inside]
    assert not inside, f"{path.relative_to(ROOT)} imports inside functions: {', '.join(inside)}"


GROUND_FLOOR = {"slacheck", *(f"slacheck.{name}" for name in ("errors", "units", "values", "contract", "language"))}


def above_ground_floor(path):
    """What a kind's module loads beyond the ground floor; private modules beside it are looked into."""
    found = []
    for line, target, inside in internal_imports(path):
        if inside or target in GROUND_FLOOR:
            continue
        if target.startswith("slacheck.kinds._"):
            found += above_ground_floor(KNOWN[target])
        else:
            found.append(f"{path.name}:{line} {target}")
    return found


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("kinds/[!_]*.py")), ids=lambda path: path.stem)
def test_kind_imports_only_the_ground_floor_at_module_level(path):
    above = above_ground_floor(path)
    assert not above, f"{', '.join(above)}: move it into meters() or evaluate()"


def test_packages_inside_have_empty_init_files():
    filled = [
        str(path.relative_to(ROOT))
        for path in MODULES
        if path.name == "__init__.py" and path.parent not in (PACKAGE, PACKAGE / "kinds")
        if any(not isinstance(node, ast.Expr) for node in tree_of(path).body)
    ]
    assert not filled, f"an __init__ runs for every import below it; empty: {filled}"


@pytest.mark.parametrize(
    ("what", "forbidden"),
    [
        ("import slacheck", ("numpy", "pydantic")),
        ("import slacheck.contract, slacheck.language", ("numpy", "yaml")),
        (
            "from slacheck.kinds import NAMES, own_kind; [own_kind(name) for name in NAMES]",
            ("numpy", "scipy", "slacheck.measure"),
        ),
        (
            "import slacheck.evidence.verify",
            ("numpy", "scipy", "slacheck.measure", "slacheck.kinds", "slacheck.engine"),
        ),
        ("import slacheck.pytest_plugin", ("numpy", "pydantic", "slacheck.run")),
        ("from slacheck.cli.main import main; main(['--help'], standalone_mode=False)", ("numpy", "scipy", "pyarrow")),
        (
            "from slacheck.cli.main import main; main(['lint', 'specs/profiles/ai-training-hall.yaml'], "
            "standalone_mode=False)",
            ("numpy", "scipy", "pyarrow"),
        ),
    ],
    ids=["package", "ground floor", "kinds", "verify", "pytest plugin", "--help", "lint"],
)
def test_light_paths_do_not_import_the_heavy_libraries(what, forbidden):
    code = (
        f"import sys\ntry:\n    {what}\nexcept SystemExit:\n    pass\n"
        f"print('LOADED', sorted(set({forbidden!r}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "LOADED []"


# ---------------------------------------------------------------- kinds


def listed_kinds():
    kinds = importlib.import_module("slacheck.kinds")
    return [kinds.own_kind(name) for name in kinds.NAMES]


def test_every_kind_module_is_in_the_table_under_its_own_name():
    modules = {path.stem for path in PACKAGE.glob("kinds/[!_]*.py")}
    assert {kind.name for kind in listed_kinds()} == modules


@pytest.mark.parametrize("kind", [path.stem for path in sorted(PACKAGE.glob("kinds/[!_]*.py"))])
@pytest.mark.parametrize(
    "companion",
    ["tests/kinds/test_{}.py", "specs/kinds/{}.yaml", "fixtures/kinds/{}.???", "docs/kinds/{}.md"],
    ids=["test", "spec", "fixture", "page"],
)
def test_every_kind_brings_its_test_spec_fixture_and_page(kind, companion):
    assert any(path.is_file() for path in ROOT.glob(companion.format(kind)))


def test_every_kind_has_a_manual_page():
    silent = [kind.name for kind in listed_kinds() if len(kind.manual) < 500]
    assert not silent


# ---------------------------------------------------------------- numerics

VERDICT_BEARING = ("measure", "engine", "quality", "kinds", "decide.py")
BANNED_CALLS = {
    *("dot", "matmul", "einsum", "convolve", "correlate", "polyfit", "lstsq", "solve", "inv", "svd", "eig", "eigh"),
    *("vdot", "inner", "tensordot", "savgol_filter", "fftconvolve", "oaconvolve"),
}
RECURSION = "scipy.signal.sosfilt"
"""Runs sample by sample in one order, whatever the machine."""
BANNED_ON_ARRAYS = {"exp", "log", "log2", "log10", "power", "arctan2", "tanh", "expm1", "log1p", "float_power"}


def bearing_modules():
    return [path for path in MODULES if path.relative_to(PACKAGE).parts[0] in VERDICT_BEARING]


def test_verdict_bearing_modules_are_found():
    assert {path.relative_to(PACKAGE).parts[0] for path in bearing_modules()} == set(VERDICT_BEARING)


@pytest.mark.parametrize("path", bearing_modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_verdict_bearing_code_calls_nothing_whose_bits_change_with_the_machine(path):
    bad = []
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.MatMult):
            bad.append("the @ operator")
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names]
            names += [f"{node.module}.{name}" for name in names] if isinstance(node, ast.ImportFrom) else []
            slow = [name for name in names if name.startswith("scipy.signal") and name != RECURSION]
            bad += [f"line {node.lineno}: {name}" for name in slow]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = ast.unparse(node.func.value)
            name = node.func.attr
            banned = name in BANNED_CALLS or (name in BANNED_ON_ARRAYS and owner in ("np", "numpy"))
            if banned and owner != "math":
                bad.append(f"line {node.lineno}: {owner}.{name}")
    assert not bad, f"{path.relative_to(ROOT)} (see docs/adr/0010): {bad}"


def test_only_decide_compares_with_a_limit():
    """A comparison in which one side is `….limit.max` or `….limit.min` stands in decide.py and verify.py alone."""
    allowed = {PACKAGE / "decide.py", PACKAGE / "evidence" / "verify.py", PACKAGE / "contract.py"}
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in MODULES
        if path not in allowed
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Compare) and not any(isinstance(op, ast.Is | ast.IsNot) for op in node.ops)
        if re.search(r"\blimit\.(max|min)\b", ast.unparse(node))
    ]
    assert not found


# ---------------------------------------------------------------- sizes

TALK_ABOUT_LINES = 300
MOST_LINES = 450
TALK_ABOUT_FUNCTION = 40


def code_lines(path):
    """Line numbers that hold code: not blank, not comment, not docstring."""
    source = path.read_text(encoding="utf-8")
    skip = {tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in skip:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            lines.difference_update(range(node.lineno, node.end_lineno + 1))
    return lines


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_module_holds_one_idea(path):
    size = len(code_lines(path))
    assert size <= MOST_LINES, f"{path.relative_to(ROOT)} has {size} code lines; is it still one idea?"


def test_sizes_worth_talking_about_are_shown(capsys):
    """Never fails: the numbers of the house style are alarms, not goals."""
    shown = []
    for path in MODULES:
        lines = code_lines(path)
        if len(lines) > TALK_ABOUT_LINES:
            shown.append(f"{path.relative_to(ROOT)}: {len(lines)} code lines")
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.FunctionDef):
                size = len(lines & set(range(node.lineno, node.end_lineno + 1)))
                if size > TALK_ABOUT_FUNCTION:
                    shown.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {size} code lines")
    with capsys.disabled():
        print("".join(f"\n  talk about it: {line}" for line in shown))
