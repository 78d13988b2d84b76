# ruff: noqa: E501
"""YAML with positions: what is read, what is refused and where, how fast, and what pydantic's errors become."""

import os
import time
from pathlib import Path
from typing import Literal

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import Field

import slacheck.composer
from slacheck.composer import DEEPEST, MOST_NODES
from slacheck.document import LARGEST, dotted, parse_document, read_document, validate
from slacheck.errors import SpecError
from slacheck.language import (
    Boolean,
    Date,
    Duration,
    Identifier,
    Instant,
    Integer,
    LimitModel,
    Model,
    Number,
    Scalar,
    Text,
)
from slacheck.wording import choose, nearest


def parse(text):
    return parse_document(text if isinstance(text, bytes) else text.encode(), "d.yaml")


def faults_of(problems):
    return [f"{p.line}:{p.column} {p.message}" + (f" | {p.fix}" if p.fix else "") for p in problems]


def parse_faults(text):
    with pytest.raises(SpecError) as caught:
        parse(text)
    return faults_of(caught.value.problems)


@pytest.fixture(params=["libyaml", "pure Python"])
def loader(request, monkeypatch):
    chosen = {"libyaml": getattr(yaml, "CSafeLoader", None), "pure Python": yaml.SafeLoader}[request.param]
    if chosen is None:
        pytest.skip("libyaml is not there")
    monkeypatch.setattr(slacheck.composer, "_LOADER", chosen)


# ---------------------------------------------------------------- what is read


def test_parse_scalars_stay_source_text(loader):
    document = parse("a: 7.10\nb: '7.10'\nc: on\nd: 2026-11-20\ne: [010, 1:30, 1e3, 1_000, 0x1F, .5, +1]\n")
    assert document.data == {
        "a": "7.10",
        "b": "7.10",
        "c": "on",
        "d": "2026-11-20",
        "e": ["010", "1:30", "1e3", "1_000", "0x1F", ".5", "+1"],
    }
    assert document.data["a"].plain
    assert not document.data["b"].plain
    assert isinstance(document.data["e"][0], Scalar)


@pytest.mark.parametrize("text", ["null", "~", "", "Null", "NULL"])
def test_parse_plain_null_is_none(loader, text):
    assert parse(f"a: {text}\n").data == {"a": None}


@pytest.mark.parametrize("text", ["'null'", '"~"', '""'])
def test_parse_quoted_null_is_text(loader, text):
    assert parse(f"a: {text}\n").data == {"a": text[1:-1]}


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "\ufeff"])
def test_parse_empty_document_is_none(loader, text):
    assert parse(text).data is None


def test_parse_positions_are_one_based_code_points(loader):
    document = parse("\ufeffä: {größe: '😀', b: [1, 22]}\nc:\n  d:   333\n")
    keys, values = document.positions.keys, document.positions.values
    assert keys[("ä",)] == (1, 1, 1)
    assert keys[("ä", "größe")] == (1, 5, 5)
    assert values[("ä", "größe")] == (1, 12, 3)
    assert keys[("ä", "b")] == (1, 17, 1)
    assert values[("ä", "b", 1)] == (1, 24, 2)
    assert keys[("c", "d")] == (3, 3, 1)
    assert values[("c", "d")] == (3, 8, 3)
    assert values[("c",)] == (3, 3, 1)
    assert values[()] == (1, 1, 1)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_parse_line_ends_of_every_system_count_alike(loader, end):
    document = parse(end.join(["a: 1", "b:", "  c: 2", ""]))
    assert document.positions.values[("b", "c")] == (3, 6, 1)
    assert document.diagnostic(("b", "c"), "here").source == "  c: 2"


def test_parse_block_scalars_and_comments(loader):
    assert parse("a: >-\n  one\n  two\nb: |\n  x\n # no\n").data == {"a": "one two", "b": "x\n"}


# ---------------------------------------------------------------- what is refused, and where

REFUSED = [
    (
        "duplicate key",
        "a: 1\nb: 2\na: 3\n",
        ["3:1 the key 'a' stands here again; first at line 1, column 1 | remove one of them"],
    ),
    (
        "duplicate key three times, nested",
        "x: {a: 1, a: 2,\n  a: 3}\n",
        [
            "1:11 the key 'a' stands here again; first at line 1, column 5 | remove one of them",
            "2:3 the key 'a' stands here again; first at line 1, column 5 | remove one of them",
        ],
    ),
    (
        "same text quoted",
        "a: 1\n'a': 2\n",
        ["2:1 the key 'a' stands here again; first at line 1, column 1 | remove one of them"],
    ),
    (
        "key on",
        "on: 1\n",
        ["1:1 the key 'on' is true or false to a YAML reader; a key must be text | quote it: \"on\""],
    ),
    (
        "key yes",
        "yes: 1\n",
        ["1:1 the key 'yes' is true or false to a YAML reader; a key must be text | quote it: \"yes\""],
    ),
    (
        "key true",
        "{true: 1}\n",
        ["1:2 the key 'true' is true or false to a YAML reader; a key must be text | quote it: \"true\""],
    ),
    ("key number", "1: a\n", ["1:1 the key '1' is a number to a YAML reader; a key must be text | quote it: \"1\""]),
    (
        "key exponent",
        "1e3: a\n",
        ["1:1 the key '1e3' is a number to a YAML reader; a key must be text | quote it: \"1e3\""],
    ),
    (
        "key sexagesimal",
        "1:30: a\n",
        ["1:1 the key '1:30' is a number to a YAML reader; a key must be text | quote it: \"1:30\""],
    ),
    (
        "key date",
        "2026-11-20: a\n",
        ["1:1 the key '2026-11-20' is a date to a YAML reader; a key must be text | quote it: \"2026-11-20\""],
    ),
    ("key null", "~: a\n", ["1:1 the key '~' is nothing to a YAML reader; a key must be text | quote it: \"~\""]),
    (
        "key list",
        "? [a, b]\n: 1\nc: 2\nc: 3\n",
        [
            "1:3 a key must be text, not a mapping or a list",
            "4:1 the key 'c' stands here again; first at line 3, column 1 | remove one of them",
        ],
    ),
    (
        "key mapping",
        "{{a: 1, a: 2}: x, b: 1, b: 2}\n",
        [
            "1:2 a key must be text, not a mapping or a list",
            "1:9 the key 'a' stands here again; first at line 1, column 3 | remove one of them",
            "1:25 the key 'b' stands here again; first at line 1, column 19 | remove one of them",
        ],
    ),
    (
        "merge key",
        "a: {<<: {b: 1}}\n",
        ["1:5 the key '<<' is a merge key to a YAML reader; a key must be text | write the keys out"],
    ),
    (
        "anchor and alias",
        "a: &x 1\nb: *x\n",
        [
            "1:4 anchors (&x) are not part of the language | repeat the value",
            "2:4 aliases (*x) are not part of the language | repeat the value",
        ],
    ),
    (
        "alias as key",
        "a: &x k\n*x : 1\n",
        [
            "1:4 anchors (&x) are not part of the language | repeat the value",
            "2:1 aliases (*x) are not part of the language | repeat the value",
        ],
    ),
    ("tag", "a: !!int 3\n", ["1:4 tags (tag:yaml.org,2002:int) are not part of the language | remove the tag"]),
    (
        "python tag",
        "a: !!python/object/apply:os.system [ls]\n",
        ["1:4 tags (tag:yaml.org,2002:python/object/apply:os.system) are not part of the language | remove the tag"],
    ),
    ("local tag on a mapping", "a: !x {b: 1}\n", ["1:4 tags (!x) are not part of the language | remove the tag"]),
    (
        "second document",
        "a: 1\n---\nb: 2\n",
        ["2:1 a second document starts here; one file holds one document | use two files"],
    ),
    (
        "%TAG",
        "%TAG ! tag:x,2000:\n---\na: 1\n",
        ["1:1 directives (%YAML, %TAG) are not part of the language | remove the line"],
    ),
    (
        "%YAML",
        "%YAML 1.1\n---\na: 1\n",
        ["1:1 directives (%YAML, %TAG) are not part of the language | remove the line"],
    ),
    ("escaped NUL", 'a: "x\\0"\n', ["1:4 the text holds a character that is not allowed in a document"]),
    ("escaped ESC", 'a: "\\e[31m"\n', ["1:4 the text holds a character that is not allowed in a document"]),
    ("escaped override", 'a: "\\u202e"\n', ["1:4 the text holds a character that is not allowed in a document"]),
    ("escape in a key", '"a\\x07": 1\n', ["1:1 the key holds a character that is not allowed in a document"]),
    (
        "several sorts at once",
        "a: &x 1\na: 2\non: !t 3\n",
        [
            "1:4 anchors (&x) are not part of the language | repeat the value",
            "2:1 the key 'a' stands here again; first at line 1, column 1 | remove one of them",
            "3:1 the key 'on' is true or false to a YAML reader; a key must be text | quote it: \"on\"",
            "3:5 tags (!t) are not part of the language | remove the tag",
        ],
    ),
]


@pytest.mark.parametrize(("text", "expected"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_parse_what_readers_could_take_differently_is_refused(loader, text, expected):
    assert parse_faults(text) == expected


BYTES = [
    ("UTF-16", "a: 1".encode("utf-16"), "None:None the file is UTF-16; save it as UTF-8"),
    ("UTF-16 without a mark", "a".encode("utf-16-le"), "1:2 the character U+0000 is not allowed in a document"),
    ("Latin 1", b"a: 1\nb: gr\xfc\xdfe\n", "2:6 the byte 0xfc is not UTF-8; save the file as UTF-8"),
    ("cut off", "a: ü".encode()[:-1], "1:4 the byte 0xc3 is not UTF-8; save the file as UTF-8"),
    ("surrogate", b"a: \xed\xa0\x80", "1:4 the byte 0xed is not UTF-8; save the file as UTF-8"),
    ("NUL", b"a: 1\nb: x\0y", "2:5 the character U+0000 is not allowed in a document"),
    ("bell", b"a: x\x07", "1:5 the character U+0007 is not allowed in a document"),
    ("next line", "a: x\u0085b: y".encode(), "1:5 the character U+0085 is not allowed in a document"),
    ("line separator", "a: x\u2028b: y".encode(), "1:5 the character U+2028 is not allowed in a document"),
    ("right-to-left override", "a: 5 \u202eWM\n".encode(), "1:6 the character U+202E is not allowed in a document"),
    ("second byte order mark", "\ufeff\ufeffa: 1".encode(), "1:1 the character U+FEFF is not allowed in a document"),
]


@pytest.mark.parametrize(("raw", "expected"), [case[1:] for case in BYTES], ids=[case[0] for case in BYTES])
def test_parse_bytes_that_are_not_plain_utf8_are_refused(raw, expected):
    assert parse_faults(raw) == [expected]


SYNTAX = [
    ("tab", "a:\n\tb: 1\n", "2:1", "indent with spaces, not tabs; put text that begins with @, ` or % in quotes"),
    ("colon in text", "a: b: c\n", "1:5", "put text that holds ': ' in quotes, or check the indentation"),
    ("open bracket", "a: [1, 2\nb: 3\n", "2:2", "close the bracket, or put the text in quotes"),
    ("bad indentation", "a:\n  b: 1\n c: 2\n", "3:2", "check the indentation of this line and the one before"),
    ("at sign", "a: @b\n", "1:4", "indent with spaces, not tabs; put text that begins with @, ` or % in quotes"),
]


@pytest.mark.parametrize(("text", "place", "fix"), [case[1:] for case in SYNTAX], ids=[case[0] for case in SYNTAX])
def test_parse_bad_yaml_is_one_positioned_problem(text, place, fix):
    (fault,) = parse_faults(text)
    assert fault.startswith(f"{place} not valid YAML: ")
    assert fault.endswith(f" | {fix}")


def test_parse_bad_yaml_keeps_what_was_found_before():
    faults = parse_faults("a: 1\na: 2\nb: [\n")
    assert faults[0] == "2:1 the key 'a' stands here again; first at line 1, column 1 | remove one of them"
    assert len(faults) == 2


def test_diagnostic_shows_the_line_with_a_caret():
    with pytest.raises(SpecError) as caught:
        parse("a: 1\nbb: 2\nbb: 3\n")
    assert str(caught.value) == (
        "d.yaml:3:1: error: the key 'bb' stands here again; first at line 2, column 1\n"
        "  3 | bb: 3\n"
        "      ^~\n"
        "  fix: remove one of them"
    )


def test_diagnostic_very_long_line_is_not_shown():
    document = parse("a: [" + ", ".join(["1"] * 200) + "]\n")
    assert document.diagnostic(("a", 150), "here").source is None


def test_diagnostic_missing_path_falls_back_to_the_nearest_parent():
    document = parse("a:\n  b: {c: 1}\n")
    assert document.diagnostic(("a", "b", "x", 3), "m").column == 6
    assert document.diagnostic(("z",), "m").line == 1
    assert document.diagnostic(("a", "b"), "m", key=True).column == 3
    assert document.where(("a", "b", "c")) == "d.yaml:2:10"


def test_dotted_reads_like_the_document():
    assert dotted(("requirements", 0, "limits", "dip")) == "requirements[0].limits.dip"


# ---------------------------------------------------------------- files


def test_read_document_takes_the_place_from_the_path(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text("a: 1\n", encoding="utf-8")
    assert read_document(path).place == str(path)
    assert read_document(path, "s.yaml").place == "s.yaml"
    assert read_document(path).raw == b"a: 1\n"


def test_read_document_that_is_not_there_says_so(tmp_path):
    with pytest.raises(SpecError) as caught:
        read_document(tmp_path / "none.yaml", "none.yaml")
    assert str(caught.value) == "none.yaml: error: cannot be read: No such file or directory"


def test_read_document_folder_or_pipe_is_refused(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (tmp_path, pipe):
        with pytest.raises(SpecError) as caught:
            read_document(path, "x")
        assert str(caught.value) == "x: error: this is not a file"


# ---------------------------------------------------------------- bombs

BOMBS = [
    ("billion laughs", "a: &a [x, x]\n" + "".join(f"b{i}: &b{i} [*a, *a]\n" for i in range(1000))),
    ("deep flow lists", "[" * 20_000),
    ("deep flow mappings", "{a: " * 20_000),
    ("deep block lists", "- " * 20_000),
    ("deep block mapping", "".join(" " * i + "a:\n" for i in range(1000))),
    ("deep and closed", "[" * 65 + "]" * 65),
    ("deep keys", "? " * 5_000),
    ("many values", "[" + "1," * 200_000 + "]"),
    ("many keys", "".join(f"k{i}: 1\n" for i in range(60_000))),
    ("many duplicates", "a: 1\n" * 49_000),
    ("many unknown tags", "- !x 1\n" * 60_000),
    ("too large", "a: " + "x" * (1 << 20)),
    ("too many bytes, few characters", "a: " + "😀" * 300_000),
    ("one long key", "a" * 900_000 + ": 1"),
    ("one long quoted key", '"' + "a" * 900_000 + '": 1'),
    ("one unclosed quote", "a: '" + "x\n" * 300_000),
    ("long line of colons", "a" + ":" * 500_000),
    ("comments only, no end", "#" * 1_000_000 + "\n- ]"),
    ("blanks", " " * 900_000 + "]"),
    ("tabs", "a:\n" + "\t" * 500_000 + "b"),
    ("many anchors", "".join(f"- &a{i} 1\n" for i in range(60_000))),
    ("alias to itself", "&a [*a]"),
    ("escapes", 'a: "' + "\\0" * 400_000 + '"'),
    ("control characters", "a: " + "\x01" * 900_000),
    ("not UTF-8", b"\xff" * 900_000),
    ("many documents", "---\n" * 200_000),
    ("directives", "%TAG ! x\n" * 50_000),
    ("merge keys", "".join(f"a{i}: {{<<: {{b: 1}}}}\n" for i in range(20_000))),
    ("huge indentation indicator", "a: |9\n" + " " * 9 + "x\n" * 100_000),
    ("unicode keys that look alike", "".join(f"{'é' * 50}{i}: 1\n" for i in range(7_000)) + "*x"),
]


@pytest.mark.parametrize("text", [case[1] for case in BOMBS], ids=[case[0] for case in BOMBS])
def test_parse_bomb_is_refused_fast(text):
    raw = text if isinstance(text, bytes) else text.encode()
    start = time.perf_counter()
    problems = problems_of(raw)  # validated too, where the YAML itself is within budget
    assert time.perf_counter() - start < 4.0  # generous: a shared machine; the worst takes half a second
    assert 1 <= len(problems) <= 201
    assert len(str(SpecError(problems))) < 200_000


def test_parse_budgets_are_inclusive():
    assert parse("[" * DEEPEST + "]" * DEEPEST).data is not None
    assert len(parse("[" + "1," * (MOST_NODES - 1) + "]").data) == MOST_NODES - 1
    assert parse_document(b"#" * LARGEST, "x").data is None
    assert parse_faults("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1)) == [f"1:{DEEPEST + 1} nested deeper than 64 levels"]


# ---------------------------------------------------------------- validation


class Deep(Model):
    """A nested part."""

    mode: Literal["fast", "slow"] = Field("fast", description="Which way.")
    for_: Duration | None = Field(None, alias="for", description="How long.")


class Point(Model):
    """One way to give a reference."""

    level: Number = Field(description="Where.")


class Sample(Model):
    """Every scalar of the language."""

    name: Identifier | None = Field(None, description="Name.")
    text: Text | None = Field(None, description="Text.")
    number: Number | None = Field(None, gt=-10, description="Number.")
    count: Integer | None = Field(None, ge=0, description="Count.")
    flag: Boolean | None = Field(None, description="Flag.")
    day: Date | None = Field(None, description="Day.")
    at: Instant | None = Field(None, description="Moment.")
    time: Duration | None = Field(None, description="Time.")
    limit: LimitModel | None = Field(None, description="Limit.")
    deep: Deep = Field(Deep(), description="Nested.")
    many: tuple[Deep, ...] = Field((), description="Several.", max_length=3)
    pair: tuple[Number, Number] | None = Field(None, description="Two.")
    table: dict[Identifier, Deep] = Field({}, description="By name.")
    either: Text | Point | tuple[Number, ...] | None = Field(None, description="Several ways.")


def sample(text):
    return validate(parse(text), Sample)


def sample_faults(text):
    with pytest.raises(SpecError) as caught:
        sample(text)
    return faults_of(caught.value.problems)


@pytest.mark.parametrize(
    "word",
    [
        "on",
        "off",
        "yes",
        "no",
        "y",
        "true",
        "1e3",
        "010",
        "1:30",
        "1_000",
        "2026-11-20",
        "7.10",
        "0x1F",
        "+.5",
        ".inf",
        "NaN",
        "=",
        "0o7",
    ],
)
def test_text_key_takes_the_source_text(word):
    assert sample(f"text: {word}\n").text == word
    assert sample(f"text: '{word}'\n").text == word


@pytest.mark.parametrize(
    ("key", "word", "value"),
    [
        ("number", "1e3", 1000.0),
        ("number", "-5e-3", -0.005),
        ("number", "0", 0.0),
        ("number", "+2.", 2.0),
        ("count", "12", 12),
        ("flag", "true", True),
        ("flag", "false", False),
        ("day", "2026-11-20", "2026-11-20"),
        ("day", "'2026-11-20'", "2026-11-20"),
        ("at", "2026-11-20T08:00:00Z", "2026-11-20 08:00:00+00:00"),
        ("time", "20 ms", "20 ms"),
        ("time", "'20 ms'", "20 ms"),
    ],
)
def test_typed_key_reads_one_spelling(key, word, value):
    found = getattr(sample(f"{key}: {word}\n"), key)
    assert (found if isinstance(value, bool | int | float) else str(found)) == value


TRAPS = [
    *(("flag", word) for word in ("on", "off", "yes", "no", "y", "n", "True", "TRUE", "1", "0", "'true'", "tRue")),
    *(
        ("number", word)
        for word in (
            "010",
            "1_000",
            "1:30",
            "0x1F",
            "0o17",
            ".inf",
            "-.INF",
            ".nan",
            "NaN",
            "inf",
            "1e400",
            "'1'",
            "1,5",
            "١",
            "1e",
            "--1",
            "true",
            "on",
        )
    ),
    *(("count", word) for word in ("1.0", "1e3", "010", "1_000", "1:30", "0b1", "'3'", "true", "9999999999999999999")),
    *(("day", word) for word in ("2026-13-01", "20.11.2026", "11/20/2026", "2026-11-20T08:00:00Z", "tomorrow")),
    *(("at", word) for word in ("2026-11-20", "2026-11-20T08:00:00", "08:00", "2026-11-20 08:00")),
    *(("time", word) for word in ("20", "1:30", "20 Hz", "0 s", "-1 s", "1e3", "20 mS", "1 500 ms", "on")),
]


@pytest.mark.parametrize(("key", "word"), TRAPS, ids=[f"{key} {word}" for key, word in TRAPS])
def test_typed_key_refuses_what_yaml_readers_guess(key, word):
    (fault,) = sample_faults(f"{key}: {word}\n")
    assert fault.startswith(f"1:{len(key) + 3} ")
    assert "expected" in fault or "write for example" in fault or "unknown unit" in fault or "write the number" in fault


VALIDATION = [
    ("not a mapping", "[1]", ["1:1 expected a mapping (`key: value`), got a list"]),
    ("empty document", "", ["1:1 nothing is written here | write a value, or remove the key"]),
    ("unknown key near", "txet: a", ["1:1 unknown key 'txet' | did you mean 'text'?"]),
    ("unknown key in other case", "Text: a", ["1:1 unknown key 'Text' | did you mean 'text'?"]),
    (
        "unknown key without value",
        "txet:",
        [
            "1:1 unknown key 'txet' | did you mean 'text'?",
            "1:6 nothing is written here | write a value, or remove the key",
        ],
    ),
    ("alias is the key", "deep: {for_: 1 s}", ["1:8 unknown key 'for_' | did you mean 'for'?"]),
    ("nested unknown key", "many: [{}, {mod: fast}]", ["1:13 unknown key 'mod' | did you mean 'mode'?"]),
    ("nested choice", "deep: {mode: quick}", ["1:14 expected 'fast' or 'slow', got 'quick'"]),
    ("choice is a list", "deep: {mode: [fast]}", ["1:14 expected 'fast' or 'slow', got a list"]),
    (
        "key of a table",
        "table: {a b: {}}",
        ["1:9 expected a name of letters, digits, '_', '.' and '-' that begins with none of the last two, got 'a b'"],
    ),
    ("value of a table", "table: {a: {mode: 1}}", ["1:19 expected 'fast' or 'slow', got '1'"]),
    ("too many", "many: [{}, {}, {}, {}]", ["1:7 expected at most 3 entries, got 4"]),
    ("bound", "number: -10", ["1:9 expected more than -10, got '-10'"]),
    ("bound of a count", "count: -1", ["1:8 expected 0 or more, got '-1'"]),
    ("pair with one", "pair: [1]", ["1:7 expected 2 entries, got 1"]),
    ("pair with three", "pair: [1, 2, 3]", ["1:7 expected at most 2 entries, got 3"]),
    ("limit without bound", "limit: {resolution: 1 s}", ["1:8 a limit needs max, min or both, for example {max: 5 %}"]),
    ("limit with neither", "limit: 5 MW", ["1:8 expected a mapping (`key: value`), got '5 MW'"]),
    ("resolution negative", "limit: {max: 5 s, resolution: -1 s}", ["1:8 resolution must be more than zero"]),
    ("union, inside one member", "either: {level: x}", ["1:17 expected a number such as 2 or 0.5, got 'x'"]),
    ("union, missing in one member", "either: {}", ["1:9 the key 'level' is missing: Where"]),
    (
        "union, unknown key in one member",
        "either: {level: 1, lvl: 2}",
        ["1:20 unknown key 'lvl' | did you mean 'level'?"],
    ),
    ("union, inside a list", "either: [1, x]", ["1:13 expected a number such as 2 or 0.5, got 'x'"]),
    ("text is a mapping", "text: {a: 1}", ["1:7 expected text, got a mapping"]),
    ("null in a list", "many: [~]", ["1:8 nothing is written here | write a value, or remove the key"]),
    (
        "file order, not model order",
        "flag: 1\nzzz: 2\nname: a b\n",
        [
            "1:7 expected true or false, got '1'",
            "2:1 unknown key 'zzz' | known keys: name, text, number, count, flag, day, at, time, limit, deep, many, pair, table, either",
            "3:7 expected a name of letters, digits, '_', '.' and '-' that begins with none of the last two, got 'a b'",
        ],
    ),
]


@pytest.mark.parametrize(("text", "expected"), [c[1:] for c in VALIDATION], ids=[c[0] for c in VALIDATION])
def test_validate_says_what_where_and_what_was_expected(text, expected):
    assert sample_faults(text) == expected


def test_validate_a_part_of_a_document_keeps_its_place():
    document = parse("a:\n  - {mode: quick}\n")
    with pytest.raises(SpecError) as caught:
        validate(document, Deep, document.data["a"][0], ("a", 0))
    assert faults_of(caught.value.problems) == ["2:12 expected 'fast' or 'slow', got 'quick'"]


def test_validate_long_value_is_cut_in_the_message():
    (fault,) = sample_faults("number: '" + "9" * 100_000 + "'\n")
    assert len(fault) < 500


def test_validate_many_unknown_keys_are_bounded_and_fast():
    start = time.perf_counter()
    with pytest.raises(SpecError) as caught:
        sample("".join(f"key{i}: 1\n" for i in range(45_000)))
    assert time.perf_counter() - start < 4.0
    assert len(caught.value.problems) <= 201


# ---------------------------------------------------------------- did you mean


@pytest.mark.parametrize(
    ("word", "choices", "expected"),
    [
        ("ramp", ("ramp_rate", "dynamic_range"), "ramp_rate"),
        ("ramprate", ("ramp_rate", "dynamic_range"), "ramp_rate"),
        ("Ramp-Rate", ("ramp_rate", "dynamic_range"), "ramp_rate"),
        ("ripple", ("ramp_rate", "band_ripple"), "band_ripple"),
        ("settling", ("settling_time", "rise_time"), "settling_time"),
        ("zebra", ("ramp_rate",), None),
        ("", ("a",), None),
        ("x" * 100_000, ("a" * 10,), None),
    ],
)
def test_nearest_names_what_was_meant(word, choices, expected):
    assert nearest(word, choices) == expected


def test_choose_without_a_near_one_lists_all():
    assert choose("zebra", ["a1", "b1"], "kinds") == "kinds: a1, b1"
    assert choose("zebra", [], "tests") == "there are no tests"


# ---------------------------------------------------------------- nothing else leaves

YAMLISH = st.text(alphabet=st.sampled_from(list("ab:{}[],-?&*!|>'\"%@`#\n\t ~0159.<=\\é😀\0")), max_size=60)


def problems_of(raw):
    """What is wrong, or nothing; any exception but SpecError leaves."""
    try:
        validate(parse_document(raw, "x"), Sample)
    except SpecError as error:
        return error.problems
    return ()


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(YAMLISH)
def test_parse_any_text_gives_a_document_or_a_positioned_error(text):
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for problem in problems_of(text.encode()):
        assert str(problem)
        assert 1 <= problem.line <= len(lines)
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60))
def test_parse_any_bytes_gives_a_document_or_an_error(raw):
    assert all(str(problem) for problem in problems_of(raw))


@settings(max_examples=150, deadline=None)
@given(YAMLISH)
def test_parse_both_loaders_agree(text):
    """libyaml and the pure Python parser give the same data, and refuse the same texts."""
    found = []
    for loader in (getattr(yaml, "CSafeLoader", yaml.SafeLoader), yaml.SafeLoader):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(slacheck.composer, "_LOADER", loader)
            try:
                document = parse(text)
                found.append((document.data, document.positions.keys))
            except SpecError:
                found.append(None)
    if None not in found:
        assert found[0] == found[1]


def test_documents_of_the_project_are_read_alike_by_both_loaders():
    paths = sorted(Path(__file__).parents[1].glob("specs/**/*.yaml"))
    for path in paths:
        found = []
        for loader in (getattr(yaml, "CSafeLoader", yaml.SafeLoader), yaml.SafeLoader):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(slacheck.composer, "_LOADER", loader)
                document = read_document(path)
                found.append((document.data, document.positions))
        assert found[0] == found[1]
