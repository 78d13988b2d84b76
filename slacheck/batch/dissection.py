"""One capture shared out among processes, here or on a Dask cluster: pieces of time, merged in a tree, or clauses.

Only what was found travels: accumulators, and the few samples that a piece does not complete. Every task opens the
capture for itself. Its digest is not taken again where size and time of change are those that the sender saw.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from slacheck.batch.versions import SAME_VERSIONS, differ, versions
from slacheck.batch.work import OTHER_BYTES, SAME_FILES
from slacheck.capture.load import known_files, open_capture
from slacheck.engine.binding import Binding, channels_of
from slacheck.engine.pieces import OrderFound, PieceFound, merged
from slacheck.errors import CaptureError, Diagnostic, SlacheckError, UsageError
from slacheck.portion import Cuts, Dissected, Portion, Request, joined, measure_portion, shares_of
from slacheck.spec.load import load_spec
from slacheck.spec.model import Spec

LONG = 1 << 26
"""Bytes from which on a capture is worth more than one task."""
LEAST = 1 << 23
"""Samples of a piece, at the least."""
_BRANCHES = 4
"""Pieces that are merged at a time."""
_PER_THREAD = 4
"""Pieces for each task at a time, so that nobody waits long for the last one."""
Sent = Mapping[str, Any]
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Begun:
    """Tasks that are under way for one capture: what they were told, and the futures of what makes up its portion."""

    request: Request
    sent: Sent
    futures: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Dissection:
    """Hands out the tasks for captures.

    Parameters
    ----------
    submit : callable
        From a task and what it is told, futures and lists of futures among that, to the future of what it finds.
    died : type of Exception
        What a future raises whose workers ended.
    most : int
        Tasks that may be done for one capture at a time.
    shares : int
        Most tasks for a capture that is shared out by clauses.
    """

    submit: Callable[..., Any]
    died: type[Exception]
    most: int
    shares: int

    def begin(self, spec: Spec, request: Request) -> Begun:
        """Set the workers to a capture.

        Raises
        ------
        CaptureError
            As this process would have found it, or if the workers ended.
        """
        sent = _sent(spec, request)
        most = self.most if sum(size for _, size, _ in sent["files"]) >= LONG else 1
        cuts: Cuts | None = None
        if most > 1:
            asked = self.submit(cuts_apart, sent, most * _PER_THREAD, LEAST)
            (cuts,) = self._results(Begun(request, sent, [asked]))
        shares = min(self.shares, most)
        futures = self._by_clauses(spec, sent, shares) if cuts is None else [self._by_time(sent, cuts)]
        return Begun(request, sent, futures)

    def end(self, spec: Spec, begun: Begun) -> Portion:
        """The portion of a capture; one in which samples turn out to be missing is measured again, by clauses.

        Raises
        ------
        CaptureError
            As of `begin`.
        """
        found = self._results(begun)
        if None in found:
            found = self._results(replace(begun, futures=self._by_clauses(spec, begun.sent, self.shares)))
        return joined(found)

    def _by_clauses(self, spec: Spec, sent: Sent, most: int) -> list[Any]:
        return [self.submit(portion_apart, sent, share) for share in shares_of(spec, most)]

    def _by_time(self, sent: Sent, cuts: Cuts) -> Any:
        """Future of the portion: pieces, side by side, and a tree of what they found."""
        others = [self.submit(order_apart, sent, chosen) for chosen in cuts.orders]  # they take longest
        pieces = [self.submit(piece_apart, sent, bounds) for bounds in cuts.pieces]
        while len(pieces) > 1:
            groups = [pieces[first : first + _BRANCHES] for first in range(0, len(pieces), _BRANCHES)]
            pieces = [self.submit(merge_apart, group) for group in groups]
        return self.submit(whole_apart, sent, pieces[0], others)

    def _results(self, begun: Begun) -> list[Any]:
        """What the workers found; their faults are those that this process would have found, named as here."""
        there, here = begun.sent["path"], str(begun.request.path)
        try:
            found = [future.result() for future in begun.futures]
        except self.died as error:
            times = getattr(error, "allowed_failures", 0) + 1
            text = f"the processes that measured it ended{'' if times == 1 else f', {times} times'}"
            fix = "look whether they had memory enough"
            raise CaptureError(Diagnostic(here, text, fix=fix)) from None
        for one in found:
            if isinstance(one, Refused):
                raise CaptureError([replace(each, place=each.place.replace(there, here)) for each in one.problems])
        return found


def _sent(spec: Spec, request: Request) -> Sent:
    """What the tasks for one capture are told."""
    return {
        "spec": str(Path(spec.place).absolute()),
        "digests": [spec.sha256, *(base.sha256 for base in spec.extends)],
        "path": str(request.path.absolute()),
        "id": request.id,
        "test": request.test,
        "signals": dict(request.signals),
        "files": known_files(request.path),
        "versions": versions(),
    }


# ---------------------------------------------------------------- on a worker


@dataclass(frozen=True, slots=True)
class Refused:
    """Why there is nothing."""

    problems: tuple[Diagnostic, ...]


@contextmanager
def _opened(sent: Sent) -> Iterator[tuple[Spec, Binding]]:
    """The spec and the capture, if they are those of the sender."""
    differs = differ(sent["versions"])
    if differs is not None:
        raise UsageError(Diagnostic("--scheduler", differs, fix=SAME_VERSIONS))
    spec = load_spec(sent["spec"])
    channels = channels_of(spec, sent["signals"])
    with open_capture(sent["path"], id=sent["id"], known=sent["files"], channels=channels) as capture:
        digests = [spec.sha256, *(base.sha256 for base in spec.extends)]
        if digests != sent["digests"] or [file.sha256 for file in capture.files] != list(sent["files"].values()):
            raise CaptureError(Diagnostic(sent["path"], OTHER_BYTES, fix=SAME_FILES))
        yield spec, Binding(capture, sent["test"], sent["signals"])
        capture.check_unchanged()


def _found(sent: Sent, find: Callable[[Dissected], Found]) -> Found | Refused:
    try:
        with _opened(sent) as (spec, binding):
            return find(Dissected(spec, binding))
    except SlacheckError as error:
        return Refused(tuple(error.problems))


def cuts_apart(sent: Sent, most: int, least: int) -> Cuts | Refused | None:
    """How a capture may be cut, if at all."""
    return _found(sent, lambda whole: whole.cuts(most, least))


def piece_apart(sent: Sent, bounds: tuple[int, int]) -> PieceFound | Refused | None:
    """What is found in one piece; None if samples are missing."""
    return _found(sent, lambda whole: whole.piece(bounds))


def order_apart(sent: Sent, chosen: Sequence[int]) -> OrderFound | Refused:
    """What some meters read that need the whole."""
    return _found(sent, lambda whole: whole.in_order(chosen))


def merge_apart(pieces: Sequence[PieceFound | Refused | None]) -> PieceFound | Refused | None:
    """What some pieces that follow one another found together, or the first reason why there is nothing."""
    found: list[PieceFound] = []
    for piece in pieces:
        if not isinstance(piece, PieceFound):
            return piece
        found.append(piece)
    return merged(found)


def whole_apart(
    sent: Sent, pieces: PieceFound | Refused | None, others: Sequence[OrderFound | Refused]
) -> Portion | Refused | None:
    """The portion of a capture from all its pieces; None if samples are missing."""
    if not isinstance(pieces, PieceFound):
        return pieces
    found: list[OrderFound] = []
    for other in others:
        if isinstance(other, Refused):
            return other
        found.append(other)
    return _found(sent, lambda whole: whole.portion(pieces, found))


def portion_apart(sent: Sent, share: frozenset[str]) -> Portion | Refused:
    """What a share of the clauses measures."""
    try:
        with _opened(sent) as (spec, binding):
            return measure_portion(spec, binding, share)
    except SlacheckError as error:
        return Refused(tuple(error.problems))
