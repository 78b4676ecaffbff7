"""What a monitoring system may ask: numbers without anybody's words. A registry of our own, shared by all processes
of one `ahadi run` through files, where that has set `PROMETHEUS_MULTIPROC_DIR`.
"""

import os
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector

from ahadi.platform.database import Database
from ahadi.platform.jobs import Handler, Job

_SHARED = "PROMETHEUS_MULTIPROC_DIR"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The counters of one process."""

    def __init__(self) -> None:
        if _SHARED in os.environ:  # the library looks only once, when it is imported, and that was before
            values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        self._requests = Histogram(
            "ahadi_request_seconds",
            "Time from a request's arrival to the end of its answer.",
            ("method", "route", "status"),
            buckets=(0.005, 0.025, 0.1, 0.5, 2.5, 10),
            registry=self._registry,
        )
        self._jobs = Counter("ahadi_jobs", "Jobs run.", ("kind", "outcome"), registry=self._registry)
        self._streams = Gauge(
            "ahadi_live_streams",
            "Open live streams.",
            multiprocess_mode="livesum",
            registry=self._registry,
        )

    def observe_request(self, method: str, route: str, status: int, seconds: float) -> None:
        if not route.startswith("/api/live"):  # open as long as the page: no measure of speed
            self._requests.labels(method, route, f"{status // 100}xx").observe(seconds)

    def count_job(self, kind: str, outcome: str) -> None:
        self._jobs.labels(kind, outcome).inc()

    def count_streams(self, open_now: int) -> None:
        self._streams.set(open_now)

    def show(self, now: dict[str, tuple[str, float]]) -> bytes:
        """Everything in the text format; `now` holds what was just asked of the database, as name: (meaning, value)."""
        registry = self._registry
        if _SHARED in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        asked = []
        for name, (meaning, value) in now.items():
            asked.append(f"# HELP {name} {meaning}\n# TYPE {name} gauge\n{name} {value}\n")
        return generate_latest(registry) + "".join(asked).encode()


def counted(handlers: Mapping[str, Handler], metrics: Metrics) -> dict[str, Handler]:
    """The same handlers, each run of a job counted by its kind and how it went."""
    return {kind: _counting(kind, handler, metrics) for kind, handler in handlers.items()}


def _counting(kind: str, handler: Handler, metrics: Metrics) -> Handler:
    async def run(job: Job, database: Database) -> None:
        try:
            await handler(job, database)
        except BaseException:
            metrics.count_job(kind, "failed")
            raise
        metrics.count_job(kind, "done")

    return run
