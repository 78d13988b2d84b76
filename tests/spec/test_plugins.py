"""Kinds of other distributions: found, named, refused."""

from dataclasses import replace
from importlib.metadata import EntryPoint
from types import SimpleNamespace

import pytest

from slacheck import __version__
from slacheck.errors import PluginError
from slacheck.kinds import NAMES
from slacheck.spec import plugins


@pytest.fixture
def installed(monkeypatch, kinds):
    """Pretend that entry points name these objects."""

    def install(*objects):
        entries = []
        for number, thing in enumerate(objects):
            entry = SimpleNamespace(
                name=f"e{number}",
                value=f"pkg{number}:KIND",
                dist=SimpleNamespace(name=f"pkg{number}", version="1.2"),
                load=thing if callable(thing) else lambda thing=thing: thing,
            )
            entries.append(entry)
        monkeypatch.setattr(plugins, "entry_points", lambda group: entries)
        return tuple(plugins.installed_kinds.__wrapped__().values())

    return install


def test_all_kinds_without_plugins_are_those_of_slacheck(installed):
    found = installed()
    assert [kind.name for kind in found] == list(NAMES)
    assert {kind.provider for kind in found} == {f"slacheck {__version__}"}


def test_all_kinds_with_a_plugin_say_who_provides_it(installed, kinds):
    assert installed(kinds[0])[-1] == replace(kinds[0], provider="pkg0 1.2")


def test_all_kinds_name_of_slacheck_cannot_be_taken(installed, kinds):
    thief = replace(kinds[0], name=NAMES[0])
    with pytest.raises(PluginError) as caught:
        installed(thief)
    assert str(caught.value) == (
        f"pkg0 1.2: error: the kind {NAMES[0]!r} is there already, from slacheck {__version__}\n"
        "  fix: remove one of the two distributions"
    )


def test_all_kinds_two_plugins_with_one_name_are_refused(installed, kinds):
    with pytest.raises(PluginError, match=r"the kind 'level' is there already, from pkg0 1\.2"):
        installed(kinds[0], kinds[0])


@pytest.mark.parametrize("thing", ["text", 5, SimpleNamespace(name="level", model=dict)])
def test_all_kinds_what_is_no_kind_is_refused(installed, thing):
    with pytest.raises(PluginError, match=r"pkg0:KIND is not a `slacheck.contract.Kind`"):
        installed(thing)


def test_all_kinds_plugin_that_cannot_be_loaded_is_named(installed):
    def broken():
        raise ImportError("no module named numbers")

    with pytest.raises(PluginError) as caught:
        installed(broken)
    assert str(caught.value) == (
        "entry point e0 of pkg0 1.2: error: pkg0:KIND cannot be loaded: ImportError('no module named numbers')"
    )


def test_entry_point_has_what_the_loader_asks_for():
    assert all(hasattr(EntryPoint("a", "b:c", plugins.GROUP), name) for name in ("name", "value", "dist", "load"))
