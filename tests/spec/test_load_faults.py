# ruff: noqa: E501
"""Broken specs: what is said, where, in full. One change each to the spec of `conftest.py`."""

import pytest

ALL_REQUIREMENTS = None  # from `requirements:` to the end

# (name, text of the spec, what replaces it, every fault: line:column message | fix)
CASES = [
    ("no version", "slacheck: 1\n", "", ["1:1 the key 'slacheck' is missing: Version of the spec language: 1"]),
    ("version 2", "slacheck: 1", "slacheck: 2", ["1:11 expected 1, the version of the spec language, got '2'"]),
    ("version 1.0", "slacheck: 1", "slacheck: 1.0", ["1:11 expected 1, the version of the spec language, got '1.0'"]),
    ("no id", "id: hall\n", "", ["1:1 the key 'id' is missing: Name of the spec, for machines"]),
    (
        "id with a space",
        "id: hall",
        "id: hall a",
        [
            "2:5 expected a name of letters, digits, '_', '.' and '-' that begins with none of the last two, got 'hall a'"
        ],
    ),
    (
        "id too long",
        "id: hall",
        "id: hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh",
        ["2:5 expected at most 80 characters, got 81"],
    ),
    ("unknown top key", "id: hall", "id: hall\nsignal: {}", ["3:1 unknown key 'signal' | did you mean 'signals'?"]),
    (
        "remedies without a charge",
        "id: hall",
        "id: hall\nremedies: {}",
        ["3:11 the key 'charge' is missing: What the credits are a part of, for the period that is judged"],
    ),
    ("title is a list", "id: hall", "id: hall\ntitle: [a]", ["3:8 expected text, got a list"]),
    (
        "description empty",
        "id: hall",
        "id: hall\ndescription:",
        ["3:13 nothing is written here | write a value, or remove the key"],
    ),
    ("contract is text", "id: hall", "id: hall\ncontract: MSA", ["3:11 expected a mapping (`key: value`), got 'MSA'"]),
    ("contract value is a list", "id: hall", "id: hall\ncontract: {a: [1]}", ["3:15 expected text, got a list"]),
    ("strict yes", "id: hall", "id: hall\nstrict: yes", ["3:9 expected true or false, got 'yes'"]),
    (
        "strict quoted",
        "id: hall",
        "id: hall\nstrict: 'true'",
        [
            "3:9 expected true or false, got 'true' in quotes",
            "13:5 strict: 'window.taper' is part of the definition and is not written here | write window.taper: hann",
            "13:5 strict: 'statistic' is part of the definition and is not written here | write statistic: max",
            "13:5 strict: 'offset' is part of the definition and is not written here | write offset: 0 s",
        ],
    ),
    (
        "require unknown",
        "id: hall",
        "id: hall\nrequire: [calibrated]",
        ["3:11 expected 'calibration', got 'calibrated' | did you mean 'calibration'?"],
    ),
    (
        "require text",
        "id: hall",
        "id: hall\nrequire: calibration",
        ["3:10 expected a list such as `[a, b]`, got 'calibration'"],
    ),
    (
        "decision rule",
        "rule: three_state",
        "rule: three_states",
        [
            "3:18 expected 'three_state', 'simple', 'guarded_acceptance' or 'guarded_rejection', got 'three_states' | did you mean 'three_state'?"
        ],
    ),
    (
        "decision key",
        "coverage_factor: 2",
        "coverage: 2",
        ["3:31 unknown key 'coverage' | did you mean 'coverage_factor'?"],
    ),
    ("coverage factor zero", "coverage_factor: 2", "coverage_factor: 0", ["3:48 expected more than 0, got '0'"]),
    (
        "coverage factor text",
        "coverage_factor: 2",
        "coverage_factor: two",
        ["3:48 expected a number such as 2 or 0.5, got 'two'"],
    ),
    (
        "coverage factor octal",
        "coverage_factor: 2",
        "coverage_factor: 010",
        ["3:48 expected a number such as 2 or 0.5, got '010'"],
    ),
    (
        "coverage factor huge",
        "coverage_factor: 2",
        "coverage_factor: 1e400",
        ["3:48 expected a finite number, got '1e400'"],
    ),
    (
        "coverage factor underscored",
        "coverage_factor: 2",
        "coverage_factor: 1_0",
        ["3:48 expected a number such as 2 or 0.5, got '1_0'"],
    ),
    (
        "signals is a list",
        "signals:\n",
        "signals: []\nspare:\n",
        [
            "4:10 expected a mapping (`key: value`), got a list",
            "5:1 unknown key 'spare' | known keys: slacheck, id, title, version, description, contract, extends, strict, require, decision, signals, tests, requirements, remedies",
        ],
    ),
    (
        "signal name with space",
        "  p_mean:",
        "  p mean:",
        [
            "8:3 expected a name of letters, digits, '_', '.' and '-' that begins with none of the last two, got 'p mean'",
            "18:27 there is no signal 'p_mean' | did you mean 'p mean'?",
            "19:47 there is no signal 'p_mean' | did you mean 'p mean'?",
        ],
    ),
    (
        "signal is text",
        "  v: {quantity: voltage, unit: V, waveform: ac}",
        "  v: voltage",
        ["6:6 expected a mapping (`key: value`), got 'voltage'"],
    ),
    (
        "signal empty",
        "  v: {quantity: voltage, unit: V, waveform: ac}",
        "  v:",
        ["6:5 nothing is written here | write a value, or remove the key"],
    ),
    (
        "quantity unknown",
        "quantity: voltage, unit: V, waveform",
        "quantity: volts, unit: V, waveform",
        [
            "6:17 expected 'voltage', 'current', 'active_power', 'reactive_power', 'apparent_power', 'power_factor', 'frequency', 'energy', 'state_of_charge', 'temperature', 'latency', 'ratio' or 'count', got 'volts' | did you mean 'voltage'?"
        ],
    ),
    ("quantity missing", "v: {quantity: voltage, ", "v: {", ["6:6 the key 'quantity' is missing: What is measured"]),
    (
        "unit missing",
        "unit: V, waveform: ac",
        "waveform: ac",
        ["6:6 the key 'unit' is missing: Unit in which the spec and the reports write it"],
    ),
    ("unit case", "unit: MW, rated", "unit: mw, rated", ["5:37 unknown unit 'mw'; did you mean 'MW' or 'mW'?"]),
    ("unit unknown", "unit: V, waveform", "unit: volt, waveform", ["6:32 unknown unit 'volt'; did you mean 'V'?"]),
    (
        "unit does not fit",
        "unit: MW, rated",
        "unit: V, rated",
        [
            "5:37 'V' is no unit of active_power | write it in W",
            "8:42 'p' is in V, so a signal derived from it cannot be in MW | write unit: V",
        ],
    ),
    ("rated bare", "rated: 40 MW", "rated: 40", ["5:48 '40' has no unit; write for example '40 MW'"]),
    (
        "rated other unit",
        "rated: 40 MW",
        "rated: 40 kV",
        ["5:48 '40 kV' does not fit the signal, active_power in MW | write it in MW"],
    ),
    ("rated negative", "rated: 40 MW", "rated: -40 MW", ["5:48 expected more than zero, got '-40 MW'"]),
    ("rated zero", "rated: 40 MW", "rated: 0 MW", ["5:48 expected more than zero, got '0 MW'"]),
    (
        "rated decimal comma",
        "rated: 40 MW",
        'rated: "1,5 MW"',
        ["5:48 '1,5 MW': write the number with '.' as decimal sign and nothing between digits"],
    ),
    ("accuracy bare", "reading: 0.5 %", "reading: 0.5", ["5:75 '0.5' has no unit; write for example '0.5 %'"]),
    (
        "accuracy absolute",
        "reading: 0.5 %",
        "reading: 0.5 MW",
        ["5:75 expected a quantity such as '99 %' (in %), got '0.5 MW'"],
    ),
    (
        "accuracy empty",
        "accuracy: {reading: 0.5 %}",
        "accuracy: {}",
        ["5:65 accuracy needs reading, range or both | write for example {reading: 0.5 %}"],
    ),
    (
        "accuracy negative",
        "reading: 0.5 %",
        "reading: -0.5 %",
        ["5:75 '-0.5 %' is negative; an accuracy is a magnitude"],
    ),
    (
        "range without full scale",
        "reading: 0.5 %",
        "range: 0.5 %",
        ["5:73 `range` is a share of the full scale, which is not given | write for example full_scale: 40 MW"],
    ),
    (
        "full scale without range",
        "reading: 0.5 %",
        "reading: 0.5 %, full_scale: 60 MW",
        ["5:94 full_scale is the base of `range`, which is not given"],
    ),
    (
        "full scale unit",
        "reading: 0.5 %",
        "range: 0.5 %, full_scale: 60 V",
        ["5:92 '60 V' does not fit the signal, active_power in MW | write it in MW"],
    ),
    ("waveform dc", "waveform: ac", "waveform: dc", ["6:45 expected 'ac', got 'dc'"]),
    (
        "derive two operations",
        "{mean: p, window",
        "{mean: p, rms: p, window",
        [
            "8:54 expected exactly one operation: rms, mean, lowpass, power, sum, difference, scale, sequence or frequency"
        ],
    ),
    (
        "derive no operation",
        "{mean: p, window",
        "{window",
        [
            "8:54 expected exactly one operation: rms, mean, lowpass, power, sum, difference, scale, sequence or frequency"
        ],
    ),
    (
        "derive unknown operation",
        "{mean: p, window",
        "{max: p, window",
        [
            "8:54 expected exactly one operation: rms, mean, lowpass, power, sum, difference, scale, sequence or frequency"
        ],
    ),
    (
        "derive unknown source",
        "{mean: p, window",
        "{mean: q, window",
        ["8:61 there is no signal 'q' | signals: p, v, v_rms, p_mean"],
    ),
    (
        "derive itself",
        "{mean: p, window",
        "{mean: p_mean, window",
        ["8:61 the signal is computed from itself: p_mean from p_mean"],
    ),
    (
        "derive cycle",
        "rated: 40 MW, accuracy: {reading: 0.5 %}",
        "derive: {mean: p_mean, window: 1 s}",
        [
            "5:56 the signal is computed from itself: p from p_mean from p",
            "8:61 the signal is computed from itself: p_mean from p from p_mean",
        ],
    ),
    (
        "derive other quantity",
        "{mean: p, window",
        "{mean: v, window",
        ["8:22 'v' is voltage, so a signal derived from it cannot be active_power | write quantity: voltage"],
    ),
    (
        "derive with channel",
        "unit: MW, derive",
        "unit: MW, channel: P, derive",
        ["8:55 a derived signal is computed, not recorded; it has no channel | remove `channel`"],
    ),
    (
        "derive rms as waveform",
        "unit: V, derive",
        "unit: V, waveform: ac, derive",
        ["7:49 an rms value is not a waveform | remove `waveform`"],
    ),
    ("derive window bare", "window: 100 ms", "window: 100", ["8:72 '100' has no unit; write for example '100 cycle'"]),
    ("derive window zero", "window: 100 ms", "window: 0 ms", ["8:72 expected more than zero, got '0 ms'"]),
    (
        "derive window in Hz",
        "window: 100 ms",
        "window: 10 Hz",
        ["8:72 expected a quantity such as '1 cycle' (in s or cycle), got '10 Hz'"],
    ),
    (
        "derive mean with refresh",
        "window: 100 ms",
        "window: 100 ms, refresh: cycle",
        ["8:80 unknown key 'refresh' | known keys: mean, window, frequency"],
    ),
    (
        "derive cycle without frequency",
        ", frequency: 60 Hz}",
        "}",
        [
            "7:47 window: 1 cycle and refresh: half_cycle need a frequency | write for example frequency: 60 Hz, or give times"
        ],
    ),
    (
        "derive frequency unused",
        "window: 100 ms",
        "window: 100 ms, frequency: 50 Hz",
        ["8:91 frequency has no effect where nothing is in cycles | remove it"],
    ),
    (
        "derive refresh typo",
        "refresh: half_cycle",
        "refresh: halfcycle",
        [
            "7:82 expected 'half_cycle' or 'cycle', got 'halfcycle'; or 'halfcycle' does not start with a number; write for example '20 ms' | did you mean 'half_cycle'?"
        ],
    ),
    (
        "derive refresh too long",
        "refresh: half_cycle",
        "refresh: 20 ms",
        ["7:47 a value each 20 ms over 1 cycle would leave samples out | make refresh no longer than window"],
    ),
    (
        "tests is a list",
        "tests:\n  step: {title: Full step, repeat: {count: 3}}",
        "tests: [step]",
        ["9:8 expected a mapping (`key: value`), got a list"],
    ),
    ("repeat count zero", "count: 3", "count: 0", ["10:44 expected 1 or more, got '0'"]),
    ("repeat count fraction", "count: 3", "count: 1.5", ["10:44 expected a whole number such as 3, got '1.5'"]),
    ("repeat count sexagesimal", "count: 3", "count: 1:30", ["10:44 expected a whole number such as 3, got '1:30'"]),
    ("test key", "title: Full step", "titel: Full step", ["10:10 unknown key 'titel' | did you mean 'title'?"]),
    ("no requirements", ALL_REQUIREMENTS, "requirements: []\n", ["11:15 expected at least 1 entry, got 0"]),
    ("requirements missing", ALL_REQUIREMENTS, "", ["1:1 the key 'requirements' is missing: The clauses"]),
    (
        "requirement is text",
        "- {id: A-2, kind: follow, input: p, output: p_mean, reference: p, delay: {max: 20 ms}}",
        "- A-2",
        ["19:5 expected a mapping (`key: value`), got 'A-2'"],
    ),
    (
        "requirement without id",
        "id: A-2, ",
        "",
        ["19:5 the key 'id' is missing: Unique name of the clause within the spec"],
    ),
    (
        "requirement without kind",
        "kind: follow, ",
        "",
        ["19:5 the key 'kind' is missing: What is required; see `slacheck kinds`"],
    ),
    ("kind unknown near", "kind: follow", "kind: folow", ["19:21 unknown kind 'folow' | did you mean 'follow'?"]),
    ("kind unknown far", "kind: follow", "kind: zebra", ["19:21 unknown kind 'zebra' | kinds: level, follow"]),
    (
        "id twice",
        "id: A-2",
        "id: A-1",
        ["19:10 the requirement id 'A-1' stands here again; first at s.yaml:12:9 | give each clause its own id"],
    ),
    ("unknown signal", "    signal: p\n", "    signal: p_\n", ["14:13 there is no signal 'p_' | did you mean 'p'?"]),
    ("unknown input", "input: p,", "input: pmean,", ["19:36 there is no signal 'pmean' | did you mean 'p_mean'?"]),
    ("unknown test", "tests: [step]", "tests: [steps]", ["17:13 there is no test 'steps' | did you mean 'step'?"]),
    (
        "tests empty",
        "tests: [step]",
        "tests: []",
        ["17:12 no test is named | name one, or remove the key: every capture that has the signals"],
    ),
    ("tests is text", "tests: [step]", "tests: step", ["17:12 expected a list such as `[a, b]`, got 'step'"]),
    (
        "severity typo",
        "tests: [step]",
        "severity: Mandatory",
        ["17:15 expected 'mandatory' or 'advisory', got 'Mandatory' | did you mean 'mandatory'?"],
    ),
    ("applies without reason", "tests: [step]", "applies: false", ["12:5 applies: false needs a reason"]),
    ("applies no", "tests: [step]", "applies: no", ["17:14 expected true or false, got 'no'"]),
    (
        "condition unknown signal",
        "signal: p_mean, min",
        "signal: pmean, min",
        ["18:27 there is no signal 'pmean' | did you mean 'p_mean'?"],
    ),
    (
        "condition unit",
        "min: 10 MW",
        "min: 10 V",
        ["18:40 '10 V' does not fit the signal 'p_mean', a active_power in MW | write it in MW, pu or %"],
    ),
    (
        "condition relative without rated",
        "min: 10 MW",
        "min: 90 %",
        [
            "18:40 '90 %' is relative, but the signal 'p_mean' has no rated value | give the signal `rated:`, or write the quantity in MW"
        ],
    ),
    ("condition without bound", "min: 10 MW, ", "", ["18:18 a condition needs min, max or both"]),
    (
        "condition without for",
        ", for: 60 s",
        "",
        ["18:18 the key 'for' is missing: For at least this long, without a break"],
    ),
    ("condition for negative", "for: 60 s", "for: -60 s", ["18:52 '-60 s' is negative"]),
    (
        "condition on a waveform",
        "signal: p_mean, min: 10 MW",
        "signal: v, min: 10 V",
        ["18:27 'v' is an AC waveform, which holds no level | name an rms signal that is derived from it"],
    ),
    (
        "condition key",
        "for: 60 s",
        "fro: 60 s",
        [
            "18:18 the key 'for' is missing: For at least this long, without a break",
            "18:47 unknown key 'fro' | did you mean 'for'?",
        ],
    ),
    ("limit empty", "high: {max: 5 MW}", "high: {}", ["16:20 a limit needs max, min or both, for example {max: 5 %}"]),
    (
        "limit left out",
        "high: {max: 5 MW}",
        "high:",
        [
            "16:18 not valid YAML: found unexpected ':' (while scanning a plain scalar) | write a value after the colon, or remove the key"
        ],
    ),
    ("limit bare", "max: 5 MW", "max: 5", ["16:26 '5' has no unit; write for example '5 MW'"]),
    (
        "limit unit mismatch",
        "max: 5 MW",
        "max: 5 V",
        ["16:26 '5 V' does not fit the signal 'p', a active_power in MW | write it in MW, pu or %"],
    ),
    (
        "limit two units",
        "{max: 5 MW}",
        "{max: 5 MW, min: 5 %}",
        ["16:20 max, min and resolution must have one unit, got '5 MW', '5 %'"],
    ),
    ("limit upside down", "{max: 5 MW}", "{max: 5 MW, min: 6 MW}", ["16:20 min is above max, so nothing can conform"]),
    ("resolution zero", "{max: 5 MW}", "{max: 5 MW, resolution: 0 MW}", ["16:20 resolution must be more than zero"]),
    (
        "resolution other unit",
        "{max: 5 MW}",
        "{max: 5 MW, resolution: 0.1 %}",
        ["16:20 max, min and resolution must have one unit, got '5 MW', '0.1 %'"],
    ),
    (
        "no limit at all",
        "{high: {max: 5 MW}, low: {min: 1 MW}}",
        "{}",
        ["12:5 there is nothing to check in this requirement | give it a limit"],
    ),
    ("limit name typo", "high: {max", "hihg: {max", ["16:14 unknown key 'hihg' | did you mean 'high'?"]),
    (
        "megavolts of a voltage",
        "signal: p\n    window: {length: 1 s}\n    limits: {high: {max: 5 MW}, low: {min: 1 MW}}",
        "signal: v_rms\n    limits: {high: {max: 5 MW}}",
        ["15:26 '5 MW' does not fit the signal 'v_rms', a voltage in V | write it in V, pu or %"],
    ),
    (
        "percent without rated",
        "signal: p\n    window: {length: 1 s}\n    limits: {high: {max: 5 MW}, low: {min: 1 MW}}",
        "signal: v_rms\n    limits: {high: {max: 5 %}}",
        [
            "15:26 '5 %' is relative, but the signal 'v_rms' has no rated value | give the signal `rated:`, or write the quantity in V"
        ],
    ),
    (
        "nested key",
        "window: {length: 1 s}",
        "window: {length: 1 s, tapr: hann}",
        ["15:27 unknown key 'tapr' | did you mean 'taper'?"],
    ),
    (
        "nested choice",
        "window: {length: 1 s}",
        "window: {length: 1 s, taper: Hann}",
        ["15:34 expected 'hann', 'rectangular' or 'flattop', got 'Hann' | did you mean 'hann'?"],
    ),
    (
        "union as number",
        "reference: p,",
        "reference: [p],",
        ["19:66 expected text, got a list; or expected a mapping (`key: value`), got a list"],
    ),
    (
        "union profile key",
        "reference: p,",
        "reference: {profil: []},",
        ["19:66 the key 'profile' is missing: Points", "19:67 unknown key 'profil' | did you mean 'profile'?"],
    ),
    (
        "union profile entry",
        "reference: p,",
        "reference: {profile: [[0 s, 0 MW], [1, 2 MW]]},",
        ["19:91 '1' has no unit; write for example '1 s'"],
    ),
    ("pair too short", "delay: {max: 20 ms}", "delay: {max: 20 ms}, tube: [1 MW]", ["19:96 expected 2 entries, got 1"]),
    (
        "time limit in Hz",
        "delay: {max: 20 ms}",
        "delay: {max: 20 Hz}",
        ["19:82 expected a quantity such as '80 ms' (in s), got '20 Hz'"],
    ),
    (
        "own decision",
        "tests: [step]",
        "decision: {rule: guarded}",
        [
            "17:22 expected 'three_state', 'simple', 'guarded_acceptance' or 'guarded_rejection', got 'guarded' | did you mean 'guarded_acceptance'?"
        ],
    ),
    (
        "date as a number",
        "count: 3",
        "count: 2026-11-20",
        ["10:44 expected a whole number such as 3, got '2026-11-20'"],
    ),
]


@pytest.mark.parametrize(("old", "new", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_load_one_fault_says_what_and_where(base, faults, old, new, expected):
    old = base[base.index("requirements:") :] if old is ALL_REQUIREMENTS else old
    assert old in base
    assert faults(base.replace(old, new, 1)) == expected


def test_load_base_spec_has_no_fault(base, faults):
    assert faults(base) == []


def test_load_many_faults_come_all_at_once_in_the_order_of_the_file(base, faults):
    text = base
    changes = [(case[1], case[2], case[3]) for case in CASES if case[0] in TOGETHER]
    assert len(changes) == len(TOGETHER)
    for old, new, _ in changes:
        text = text.replace(old, new, 1)
    found = faults(text)
    alone = [fault for _, _, expected in changes for fault in expected]
    assert sorted(fault.split(" ", 1)[1] for fault in found) == sorted(fault.split(" ", 1)[1] for fault in alone)
    places = [tuple(map(int, fault.split(" ")[0].split(":"))) for fault in found]
    assert places == sorted(places)


TOGETHER = (
    "decision rule",
    "rated negative",
    "waveform dc",
    "derive mean with refresh",
    "repeat count zero",
    "unknown signal",
    "nested choice",
    "limit two units",
    "condition key",
    "unknown input",
)
