"""Tasks done by the workers of a Dask cluster: of this machine, or of one that is there already.

A scheduler of Dask believes whoever reaches it, so one is reached over loopback or over TLS, never bare over a network.
On a worker every task runs in a process of its own, under the limits of the batch, exactly as without a cluster. What
is sent is paths and the digests of the recordings as this machine has them; a worker that sees other bytes refuses.
"""

from __future__ import annotations

import contextlib
import ipaddress
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from slacheck.batch.crew import Prepare
from slacheck.batch.dissection import Dissection, Sent
from slacheck.batch.versions import SAME_VERSIONS, differ, versions
from slacheck.batch.work import Outcome, digests_of, lost_outcome
from slacheck.batch.worker import Limits, perform_apart
from slacheck.capture.remote import is_url
from slacheck.errors import Diagnostic, SlacheckError, UsageError
from slacheck.portion import Portion, Request
from slacheck.spec.model import Spec
from slacheck.submission.campaign import Task

_WAITING = 2
"""Tasks sent ahead for each worker thread, so that none waits for the next."""
_SECONDS = 15
_OTHER = "other versions"
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def check_address(address: str) -> None:
    """Refuse a scheduler that would be reached bare over a network.

    Raises
    ------
    UsageError
        If the address is not `local`, tcp:// to this machine, or tls://.
    """
    if address == "local":
        return
    try:
        parts = urlsplit(address)
        protocol, host, port = parts.scheme, parts.hostname, parts.port
    except ValueError:
        protocol, host, port = "", None, None
    if host is None or port is None or protocol not in ("tcp", "tls"):
        raise UsageError(
            Diagnostic(
                "--scheduler", f"{address!r} is no address; expected local, tcp://127.0.0.1:PORT or tls://HOST:PORT"
            )
        )
    if protocol == "tcp" and not _is_loopback(host):
        message = f"{address!r} is on the network without TLS: whoever reaches it can run code on its workers, and here"
        fix = (
            "use tls://, with the certificates in Dask's configuration (distributed.comm.tls), or a tunnel to 127.0.0.1"
        )
        raise UsageError(Diagnostic("--scheduler", message, fix=fix))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def cluster_crew(
    address: str, *, jobs: int, limits: Limits
) -> Callable[[Iterator[Task], Prepare], Iterator[tuple[Task, Outcome]]]:
    """A crew on a cluster; `local` starts one of `jobs` processes on this machine.

    Raises
    ------
    UsageError
        If the address is not one that may be used.
    SlacheckError
        If distributed is not installed.
    """
    check_address(address)
    distributed = _distributed()

    def crew(tasks: Iterator[Task], prepare: Prepare) -> Iterator[tuple[Task, Outcome]]:
        with _client(distributed, address, jobs) as client:
            yield from _outcomes(distributed, client, (tasks, prepare), limits)

    return crew


def cluster_measure(address: str, *, jobs: int) -> Callable[[Spec, Sequence[Request]], list[Portion]]:
    """The `elsewhere` of a check: each capture is measured by a worker of the cluster.

    Raises
    ------
    UsageError
        If the address is not one that may be used.
    SlacheckError
        If distributed is not installed.
    """
    check_address(address)
    distributed = _distributed()

    def measure(spec: Spec, requests: Sequence[Request]) -> list[Portion]:
        with _client(distributed, address, jobs) as client:
            most = max(1, sum(client.nthreads().values()) // len(requests))
            way = Dissection(partial(client.submit, pure=False), distributed.KilledWorker, most, shares=most)
            begun = [way.begin(spec, request) for request in requests]
            return [way.end(spec, one) for one in begun]

    return measure


def _distributed() -> Any:
    try:
        import distributed
    except ImportError:
        raise SlacheckError("--scheduler needs Dask; pip install 'slacheck[dask]'") from None
    return distributed


@contextmanager
def _client(distributed: Any, address: str, jobs: int) -> Iterator[Any]:
    with ExitStack() as stack:
        security = None
        if address == "local":
            space = stack.enter_context(tempfile.TemporaryDirectory(prefix="slacheck-"))
            # Dask tells its workers to give memory back at once, which the next block needs again.
            stack.enter_context(import_module("dask.config").set({"distributed.nanny.pre-spawn-environ": _ONE_THREAD}))
            cluster = distributed.LocalCluster(
                n_workers=jobs,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",  # there is always a server of its state; on this machine alone
                memory_limit=None,
                local_directory=space,
                silence_logs=50,
            )
            address = stack.enter_context(cluster).scheduler_address
        elif address.startswith("tls:"):
            security = distributed.Security(require_encryption=True)
            if security.get_connection_args("client").get("ssl_context") is None:
                message = "TLS needs certificates, and Dask's configuration names none"
                fix = "set distributed.comm.tls.ca-file, client.cert and client.key in it"
                raise UsageError(Diagnostic("--scheduler", message, fix=fix))
        try:
            client = distributed.Client(address, security=security, timeout=_SECONDS, set_as_default=False)
        except (OSError, TypeError, ValueError) as error:
            first = (str(error).splitlines() or [type(error).__name__])[0]
            raise UsageError(
                Diagnostic("--scheduler", f"no scheduler is reached at {address!r}: {first[:200]}")
            ) from None
        yield stack.enter_context(client)


def _outcomes(
    distributed: Any, client: Any, work: tuple[Iterator[Task], Prepare], limits: Limits
) -> Iterator[tuple[Task, Outcome]]:
    tasks, prepare = work
    sent: dict[str, Task] = {}
    running = distributed.as_completed(loop=client.loop)

    def send() -> None:
        """Keep the workers in work, however many there are by now."""
        threads = max(1, sum(client.nthreads().values()))
        while len(sent) < _WAITING * threads and (task := next(tasks, None)) is not None:
            future = client.submit(
                on_cluster, _job(task, prepare), limits.seconds, limits.memory, key=f"slacheck-{task.stem}", pure=False
            )
            sent[future.key] = task
            running.add(future)

    send()
    while sent:
        future = next(running)
        task = sent.pop(future.key)
        outcome = _outcome(distributed, future, task)
        future.release()
        send()
        yield task, outcome


def _job(task: Task, prepare: Prepare) -> dict[str, Any]:
    job = dict(prepare(task))
    if not any(map(is_url, task.captures)):  # the store of a URL is the same for all
        with contextlib.suppress(SlacheckError):  # the worker finds the same fault, and says so
            job["digests"] = digests_of(Path(job["folder"]), task)
    return job | {"versions": versions()}


def _outcome(distributed: Any, future: Any, task: Task) -> Outcome:
    try:
        outcome: Outcome = future.result()
    except distributed.KilledWorker as error:
        text = f"The workers of the cluster that judged it ended, {error.allowed_failures + 1} times."
        return lost_outcome(task.name, "ERROR", text)
    if outcome["outcome"] == _OTHER:
        raise UsageError(Diagnostic("--scheduler", outcome["address"], fix=SAME_VERSIONS))
    return outcome


def on_cluster(job: Sent, seconds: float, memory: float) -> Outcome:
    """Do a task; runs on a worker of the cluster."""
    differs = differ(job["versions"])
    if differs is not None:
        return {"outcome": _OTHER, "rows": [], "address": differs, "pack": None}
    return perform_apart(job, Limits(seconds, memory))
