"""What a web and a worker process do, after they were forked."""

import asyncio
import contextlib
import gc
import signal
import socket
from collections.abc import Callable, Iterator

import structlog
import uvicorn
import uvloop

from ahadi.main.alone import process_name
from ahadi.main.http import create_app
from ahadi.main.tasks import running
from ahadi.main.wiring import install, opened, worker_tasks
from ahadi.platform.live import Hub
from ahadi.platform.settings import Settings

log = structlog.get_logger(__name__)


_AT_LAST = 8  # seconds after being told to end
_COLLECT_AFTER = 20_000  # new objects; a page makes thousands, nearly all of which go by themselves


def _end_at_last() -> None:
    """Be gone soon, come what may: where the parent was killed nobody else sees to it, and its successor waits."""
    signal.alarm(_AT_LAST)


class _Server(uvicorn.Server):
    """uvicorn, told by SIGTERM alone, closing live streams first: it would wait for them."""

    def __init__(self, config: uvicorn.Config, hub: Hub, ready: Callable[[], object]) -> None:
        super().__init__(config)
        self._hub = hub
        self._ready = ready

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stop)
        try:
            yield
        finally:
            loop.remove_signal_handler(signal.SIGTERM)

    def _stop(self) -> None:
        _end_at_last()
        self._hub.close()
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()
            gc.collect()  # what starting left behind


def web(settings: Settings, database_url: str, listener: socket.socket, ready: Callable[[], object]) -> int:
    """Serve the web application on the listening socket until SIGTERM."""
    gc.set_threshold(_COLLECT_AFTER, 20, 20)
    installation = install(settings, database_url, name=process_name("web", settings.clock))
    config = uvicorn.Config(
        create_app(installation),
        http="httptools",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # the guard knows which proxies to believe
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=3,
    )
    server = _Server(config, installation.hub, ready)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(server.serve(sockets=[listener]))
    return 0 if server.started else 3


def worker(settings: Settings, database_url: str, ready: Callable[[], object]) -> int:
    """Run jobs, the watch and the followers until SIGTERM."""

    async def run() -> None:
        stopped = asyncio.Event()

        def stop() -> None:
            _end_at_last()
            stopped.set()

        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop)
        installation = install(settings, database_url, name=process_name("worker", settings.clock))
        async with opened(installation), running(worker_tasks(installation)):
            ready()
            await stopped.wait()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())
    return 0
