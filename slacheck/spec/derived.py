"""What does not fit together in a derived signal: its sources, their quantities, units and grids, its window."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from slacheck.contract import Problem
from slacheck.spec.derive import (
    AnyDerive,
    FrequencyDerive,
    MeanDerive,
    PowerDerive,
    RmsDerive,
    SequenceDerive,
    operation_of,
    seconds,
    sources_of,
    step_of,
)
from slacheck.spec.model import SignalModel
from slacheck.units import Quantity, parse_unit
from slacheck.wording import choose

DEEPEST = 8
"""Longest chain of signals from a derived one to a recorded one behind it, both counted."""
FEWEST_CYCLES = 5
"""Nominal cycles in the window of a frequency."""
MOST_WAYS = 1000
"""Ways from a signal back to recorded ones, each of which is followed when a spec is planned."""
_SLACK = 1e-9

Models = Mapping[str, SignalModel]


def derive_problems(name: str, derive: AnyDerive, models: Models, names: Mapping[str, object]) -> Iterator[Problem]:
    """What does not fit together in the derivation of one signal; paths are relative to the signal.

    Parameters
    ----------
    models : mapping
        The signals whose keys are right.
    names : mapping
        Every name that the spec declares, right or not.
    """
    model = models[name]
    if model.channel is not None:
        yield Problem(("channel",), "a derived signal is computed, not recorded; it has no channel", "remove `channel`")
    if model.waveform is not None and isinstance(derive, RmsDerive | PowerDerive | SequenceDerive | FrequencyDerive):
        what = "an rms value" if isinstance(derive, RmsDerive) else f"what {operation_of(derive)} gives"
        yield Problem(("waveform",), f"{what} is not a waveform", "remove `waveform`")
    unknown = [problem for path, source in sources_of(derive).items() for problem in _unknown(path, source, names)]
    yield from unknown
    if not unknown:
        broken = list(_chain_problems(name, derive, models))
        yield from broken
        if not broken:
            yield from _source_problems(model, derive, models)
    yield from _window_problems(derive)


def _unknown(path: tuple[str | int, ...], source: str, names: Mapping[str, object]) -> Iterator[Problem]:
    if source not in names:
        yield Problem(("derive", *path), f"there is no signal {source!r}", choose(source, names, "signals"))


def _chain_problems(name: str, derive: AnyDerive, models: Models) -> Iterator[Problem]:
    """Circles, and chains that are too long."""
    for path, source in sources_of(derive).items():
        levels = _levels(name, source, models)
        if name in levels[-1]:
            circle = " from ".join(_path_to(name, levels))
            yield Problem(("derive", *path), f"the signal is computed from itself: {name} from {circle}")
        elif len(levels) >= DEEPEST:
            yield Problem(("derive", *path), f"the signal is derived through more than {DEEPEST - 1} others")
        elif _ways(source, models) > MOST_WAYS:
            message = f"{source!r} is computed from recorded signals in more than {MOST_WAYS} ways"
            yield Problem(("derive", *path), message)


def _levels(name: str, source: str, models: Models) -> list[dict[str, str]]:
    """What `source` is computed from, and what that is, and so on, each with what it stands behind.

    Ends where all are recorded, where `name` comes up again, or when it is too deep. Each level
    has every signal once, so shared sources cost nothing.
    """
    levels = [{source: name}]
    while name not in levels[-1] and len(levels) < DEEPEST:
        found: dict[str, str] = {}
        for one in levels[-1]:
            derive = models[one].derive if one in models else None
            for further in () if derive is None else sources_of(derive).values():
                found.setdefault(further, one)
        if not found:
            break
        levels.append(found)
    return levels


def _ways(name: str, models: Models, known: dict[str, int] | None = None) -> int:
    """In how many ways a signal is computed from recorded ones; without circles."""
    known = {} if known is None else known
    if name not in known:
        derive = models[name].derive if name in models else None
        known[name] = 1 if derive is None else sum(_ways(one, models, known) for one in sources_of(derive).values())
    return known[name]


def _path_to(name: str, levels: list[dict[str, str]]) -> list[str]:
    path = [name]
    for level in reversed(levels):
        path.insert(0, level[path[0]])
    return path[1:]


# ---------------------------------------------------------------- what the sources are


def _source_problems(model: SignalModel, derive: AnyDerive, models: Models) -> Iterator[Problem]:
    sources = {path: models[source] for path, source in sources_of(derive).items() if source in models}
    if isinstance(derive, PowerDerive):
        yield from _power_problems(model, derive, sources)
    elif isinstance(derive, FrequencyDerive):
        if model.quantity != "frequency":
            yield Problem(("quantity",), "a frequency is derived, so the signal is one", "write quantity: frequency")
    else:
        named = sources_of(derive)
        for path, of in sources.items():
            yield from _same_quantity(model, named[path], of)
    if len(sources) > 1:
        yield from _no_frequency(derive, sources)
    if isinstance(derive, SequenceDerive | FrequencyDerive) or getattr(derive, "power", None) in (
        "reactive",
        "apparent",
    ):
        for path, of in sources.items():
            if of.waveform != "ac":
                message = f"{sources_of(derive)[path]!r} is no AC waveform"
                yield Problem(("derive", *path), message, "name one with `waveform: ac`")
    yield from _grid_problems(derive, models)


def _no_frequency(derive: AnyDerive, sources: Mapping[tuple[str | int, ...], SignalModel]) -> Iterator[Problem]:
    """A derived frequency has gaps of its own, so it cannot be combined sample by sample."""
    for path, of in sources.items():
        if isinstance(of.derive, FrequencyDerive):
            message = f"{sources_of(derive)[path]!r} is a derived frequency, which cannot be combined with others"
            yield Problem(("derive", *path), message, "record it as a channel, or judge it by itself")


def _same_quantity(model: SignalModel, source: str, of: SignalModel) -> Iterator[Problem]:
    if of.quantity != model.quantity:
        message = f"{source!r} is {of.quantity}, so a signal derived from it cannot be {model.quantity}"
        yield Problem(("quantity",), message, f"write quantity: {of.quantity}")
    elif parse_unit(of.unit).base != parse_unit(model.unit).base:
        message = f"{source!r} is in {of.unit}, so a signal derived from it cannot be in {model.unit}"
        yield Problem(("unit",), message, f"write unit: {of.unit}")


def _power_problems(
    model: SignalModel, derive: PowerDerive, sources: Mapping[tuple[str | int, ...], SignalModel]
) -> Iterator[Problem]:
    if model.quantity != f"{derive.power}_power":
        message = f"{derive.power} power is derived, so the signal cannot be {model.quantity}"
        yield Problem(("quantity",), message, f"write quantity: {derive.power}_power")
    for path, of in sources.items():
        wanted = "voltage" if path[0] == "voltages" else "current"
        if of.quantity != wanted:
            yield Problem(("derive", *path), f"{sources_of(derive)[path]!r} is {of.quantity}, not {wanted}")
    if len(derive.voltages) != len(derive.currents):
        message = f"{len(derive.voltages)} voltages and {len(derive.currents)} currents do not make pairs"
        yield Problem(("derive", "currents"), message, "name one current for each voltage, in the same order")


def _grid_problems(derive: AnyDerive, models: Models) -> Iterator[Problem]:
    """Samples that are combined must belong to the same times."""
    steps = {source: _step(source, models) for source in sources_of(derive).values()}
    if len(set(steps.values())) > 1:
        first = next(iter(steps))
        second = next(name for name, step in steps.items() if step != steps[first])
        message = f"{first!r} and {second!r} do not have a value at the same times"
        yield Problem(("derive",), message, "derive both with one `refresh`, or neither")


def _step(name: str, models: Models) -> float | None:
    """How often a signal has a value; None for as often as it is recorded. [s]"""
    for _ in range(DEEPEST):
        derive = models[name].derive if name in models else None
        if derive is None:
            break
        refresh = getattr(derive, "refresh", None)
        if refresh is not None:
            nominal = _nominal(derive)
            return None if isinstance(refresh, str) and nominal is None else step_of(refresh, nominal)
        name = next(iter(sources_of(derive).values()))
    return None


def _nominal(derive: AnyDerive) -> Quantity | None:
    return derive.nominal if isinstance(derive, FrequencyDerive) else getattr(derive, "frequency", None)


# ---------------------------------------------------------------- its window


def _window_problems(derive: AnyDerive) -> Iterator[Problem]:
    if isinstance(derive, PowerDerive):
        yield from _power_window_problems(derive)
    if isinstance(derive, RmsDerive | MeanDerive | PowerDerive):
        yield from _cycle_problems(derive)
    if isinstance(derive, FrequencyDerive):
        yield from _enough_cycles(derive)
    if isinstance(derive, SequenceDerive) or getattr(derive, "power", None) == "reactive":
        yield from _whole_cycles(getattr(derive, "window", None), getattr(derive, "frequency", None))
    window: Quantity | None = getattr(derive, "window", None)
    refresh = getattr(derive, "refresh", None)
    if window is None or refresh is None:
        return
    nominal = _nominal(derive)
    known = nominal is not None or (window.base == "s" and isinstance(refresh, Quantity))
    if known and step_of(refresh, nominal) > seconds(window, nominal) * (1 + _SLACK):
        message = f"a value each {getattr(refresh, 'text', refresh)} over {window.text} would leave samples out"
        yield Problem(("derive",), message, "make refresh no longer than window")


def _power_window_problems(derive: PowerDerive) -> Iterator[Problem]:
    if derive.window is None and derive.power != "active":
        message = f"{derive.power} power is defined over a window"
        yield Problem(("derive",), message, "write for example window: 1 cycle, refresh: half_cycle")
    elif derive.window is None and derive.refresh is not None:
        yield Problem(("derive", "refresh"), "refresh has no effect without a window", "remove it, or add a window")
    elif derive.window is not None and derive.refresh is None:
        yield Problem(("derive", "window"), "a window needs a refresh", "write for example refresh: half_cycle")


def _cycle_problems(derive: RmsDerive | MeanDerive | PowerDerive) -> Iterator[Problem]:
    refresh, window = getattr(derive, "refresh", None), derive.window
    in_cycles = [f"window: {window.text}"] if window is not None and window.base == "cycle" else []
    if isinstance(refresh, str):
        in_cycles.append(f"refresh: {refresh}")
    needed = [*in_cycles, *(["reactive power"] if getattr(derive, "power", None) == "reactive" else [])]
    if needed and derive.frequency is None:
        message = f"{' and '.join(needed)} need{'s' if len(needed) == 1 else ''} a frequency"
        yield Problem(("derive",), message, "write for example frequency: 60 Hz, or give times")
    elif derive.frequency is not None and not needed:
        yield Problem(("derive", "frequency"), "frequency has no effect where nothing is in cycles", "remove it")


def _enough_cycles(derive: FrequencyDerive) -> Iterator[Problem]:
    cycles = seconds(derive.window, derive.nominal) * derive.nominal.value
    if cycles < FEWEST_CYCLES * (1 - _SLACK):
        message = f"{derive.window.text!r} is {cycles:.3g} cycles; a frequency needs at least {FEWEST_CYCLES}"
        yield Problem(("derive", "window"), message, f"write for example window: {2 * FEWEST_CYCLES} cycles")


def _whole_cycles(window: Quantity | None, frequency: Quantity | None) -> Iterator[Problem]:
    if window is None or frequency is None:
        return
    cycles = seconds(window, frequency) * frequency.value
    if round(cycles) < 1 or abs(cycles - round(cycles)) > 1e-6 * cycles:
        message = f"{window.text!r} is not a whole number of cycles at {frequency.text}, which phasors need"
        yield Problem(("derive", "window"), message, "write for example window: 1 cycle")
