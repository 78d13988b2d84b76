"""The power quality chain

Three phases of voltage at 10 kS/s: harmonics to order 50 (subgroups over 10 cycles), rms over a cycle renewed each half
cycle with dips and swells, flicker, and unbalance. slacheck makes the whole check: digest, gates, windows that follow
the fundamental, classes of events, uncertainties, verdicts, results and traces. `pqopen-lib` is driven as its examples
do, a second of samples at a time, and gives numbers: nothing is read from disk in pieces, nothing decided.
The second table has each of slacheck's four kinds alone.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.rounds import Case, Work

RATE = 10_000
EPOCH = 1_800_000_000_000_000 - 30_000_000
"""Of the first sample: half a minute before a multiple of ten minutes, from which pqopen-lib begins a Pst. [us]"""
SECONDS = {True: 1800, False: 750}
PHASES = ("a", "b", "c")
SIGNALS = "\n".join(
    f"  v_{phase}: {{quantity: voltage, unit: V, rated: 230 V, waveform: ac, accuracy: {{reading: 0.1 %}}}}"
    for phase in PHASES
)
EACH = {
    "harmonics": "frequency: 50 Hz, max_order: 50, aggregate: {length: 3 s}, limits: {thd: {max: 8 %}}",
    "rms_events": "frequency: 50 Hz, limits: {dips: {max: 30}, swells: {max: 30}}",
    "flicker": "frequency: 50 Hz, lamp: 230 V, limits: {pst: {max: 1}}",
}
UNBALANCE = (
    "  - {id: U, kind: unbalance, signals: [v_a, v_b, v_c], method: fortescue, frequency: 50 Hz, "
    "aggregate: {length: 3 s}, limits: {unbalance: {max: 2 %}}}\n"
)


def spec(*kinds: str) -> bytes:
    """A spec of these kinds, the first three for each phase."""
    clauses = [
        f"  - {{id: {kind.upper()}-{phase.upper()}, kind: {kind}, signal: v_{phase}, {keys}}}\n"
        for kind, keys in EACH.items()
        if kind in kinds
        for phase in PHASES
    ]
    unbalance = UNBALANCE if "unbalance" in kinds else ""
    return f"slacheck: 1\nid: chain\nsignals:\n{SIGNALS}\nrequirements:\n{''.join(clauses)}{unbalance}".encode()


def make(path: Path, full: bool) -> None:
    """Three phases with harmonics, a slow swing of the amplitude for flicker, noise, and a dip before the first Pst."""
    samples = SECONDS[full] * RATE
    fields = [(f"v_{phase}", np.float32) for phase in PHASES]
    array = np.lib.format.open_memmap(path, mode="w+", dtype=fields, shape=(samples,))
    noise = np.random.default_rng(1)
    for first in range(0, samples, 120 * RATE):
        time = np.arange(first, min(first + 120 * RATE, samples)) / RATE
        level = 325.0 * (1 + 0.002 * np.sin(2 * np.pi * 8.8 * time))
        if first == 0:
            level[20 * RATE : 20 * RATE + 1000] *= 0.7
        for index, phase in enumerate(PHASES):
            turn = 2 * np.pi * (50.01 * time - index / 3)
            wave = np.sin(turn) + 0.03 * np.sin(5 * turn) + 0.02 * np.sin(7 * turn)
            array[f"v_{phase}"][first : first + time.size] = level * wave + noise.normal(0.0, 0.5, time.size)
    array.flush()
    path.with_name(path.name + ".meta.yaml").write_text(
        f"slacheck: 1\nchannels: {{{', '.join(f'v_{phase}: {{unit: V}}' for phase in PHASES)}}}\n"
        "time: {sample_rate: 10 kHz}\nanti_alias: true\n"
    )


def slacheck(path: Path, *kinds: str) -> Work:
    """The whole of a check."""
    import scipy.signal  # noqa: F401  (flicker loads it)

    from slacheck import api

    own = path.with_name(f"{'-'.join(kinds)}.yaml")
    own.write_bytes(spec(*kinds))

    def work() -> str:
        results = api.check(own, path)
        results.to_json()
        return f"{results.verdict.value}, {len(results.findings)} findings"

    return work


def pqopen(path: Path) -> Work:
    """As in the package's examples."""
    from daqopen.channelbuffer import AcqBuffer
    from pqopen.eventdetector import EventController, EventDetectorLevelHigh, EventDetectorLevelLow
    from pqopen.powersystem import PowerSystem

    channels = [AcqBuffer(size=20 * RATE) for _ in PHASES]
    clock = AcqBuffer(size=20 * RATE, dtype=np.int64)
    system = PowerSystem(channels[0], input_samplerate=RATE)
    for channel, phase in zip(channels, PHASES, strict=True):
        system.add_phase(channel, name=phase)
    system.enable_harmonic_calculation(50)
    system.enable_nper_abs_time_sync(clock)
    system.enable_fluctuation_calculation(230)
    system.enable_rms_trapz_rule()

    def work() -> str:
        record = np.load(path, mmap_mode="r")
        events, found, done = EventController(clock, RATE), 0, False
        for first in range(0, record.size, RATE):
            piece = record[first : first + RATE]
            clock.put_data(EPOCH + np.arange(first, first + piece.size) * (1_000_000 // RATE))
            for channel, phase in zip(channels, PHASES, strict=True):
                channel.put_data(piece[f"v_{phase}"])
            system.process()
            if not done:
                for phase in PHASES:
                    rms = system.output_channels[f"U{phase}_hp_rms"]
                    events.add_event_detector(EventDetectorLevelLow(207.0, 4.6, rms))
                    events.add_event_detector(EventDetectorLevelHigh(253.0, 4.6, rms))
                done = True
            found += len(events.process())
        pst = system.output_channels["Ua_pst"].last_sample_value
        thd = system.output_channels["Ua_THD"].last_sample_value
        return f"{found} events, THD {float(thd):.2f} %, Pst {float(pst):.2f}"

    return work


ALL = ("harmonics", "rms_events", "flicker", "unbalance")
CASES = {
    "The chain": Case(
        "chain.npy", make, {"slacheck": lambda path: slacheck(path, *ALL), "pqopen-lib": pqopen}, {"pqopen-lib": 5.0}
    ),
    "Each kind alone": Case(
        "chain.npy", make, {f"slacheck, {kind}": lambda path, kind=kind: slacheck(path, kind) for kind in ALL}, {}
    ),
}
