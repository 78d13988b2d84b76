"""Captures given by hand get ids that are relative to the spec's folder and unique."""

import pytest

from slacheck.errors import UsageError
from slacheck.submission.recordings import name_captures


def test_name_captures_below_the_folder_are_relative_to_it(facility):
    paths = [facility.write("runs/a.csv", "x"), facility.write("b.csv", "x")]
    assert list(name_captures(paths, facility.folder)) == ["runs/a.csv", "b.csv"]


def test_name_captures_beside_the_folder_climb(facility):
    path = facility.write("data/a.csv", "x")
    assert list(name_captures([path], facility.folder / "specs")) == ["../data/a.csv"]


def test_name_captures_given_relative_and_absolute_are_the_same(facility, monkeypatch):
    path = facility.write("data/a.csv", "x")
    monkeypatch.chdir(facility.folder / "data")
    relative = path.relative_to(facility.folder / "data")
    assert list(name_captures([relative], facility.folder)) == list(name_captures([path], facility.folder))


def test_name_captures_with_nothing_in_common_do_not_tell_where_they_are(facility):
    paths = [facility.write("one/a.csv", "x"), facility.write("two/a.csv", "x")]
    assert list(name_captures(paths, facility.folder.__class__("/elsewhere"))) == ["one/a.csv", "two/a.csv"]


def test_name_captures_twice_under_two_names_is_refused(facility):
    path = facility.write("a.csv", "x")
    (facility.folder / "link.csv").symlink_to(path)
    with pytest.raises(UsageError) as caught:
        name_captures([path, facility.folder / "link.csv"], facility.folder)
    link = facility.folder / "link.csv"
    assert str(caught.value) == f"{link}: error: this capture is given twice; one recording counts once"


def test_name_captures_all_faults_come_at_once(facility):
    facility.write("runs/a.csv", "x")
    with pytest.raises(UsageError) as caught:
        name_captures([facility.folder / "runs", facility.folder / "gone.csv"], facility.folder)
    assert [problem.message for problem in caught.value.problems] == [
        "this is a folder, not a capture",
        "there is no such capture",
    ]


def test_name_captures_name_that_is_not_text_is_refused(facility):
    path = facility.write("a\udcff.csv", "x")
    with pytest.raises(UsageError, match="the name is not UTF-8, and the evidence must name the file"):
        name_captures([path], facility.folder)


def test_name_captures_name_that_the_system_does_not_take_is_refused(facility):
    for name in ("a" * 300, "a\0b"):
        with pytest.raises(UsageError, match="there is no such capture"):
            name_captures([facility.folder / name], facility.folder)
