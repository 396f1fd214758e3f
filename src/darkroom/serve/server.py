"""Open the port, answer requests, and end in order: what was accepted is answered first."""

import asyncio
import errno
import gc
import signal
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import NamedTuple

import uvicorn

from darkroom.runtime import processors
from darkroom.runtime.errors import EnvironmentFault
from darkroom.serve import app, reload
from darkroom.serve.connection import Connection
from darkroom.serve.limits import Limits
from darkroom.serve.reload import Load, Seal
from darkroom.serve.service import Service

NOTICE = 0.5  # seconds for which clients are told to go elsewhere, and still are served
GRACE = 8  # seconds for what is accepted then; with NOTICE and uvicorn's own pauses below 10
IDLE = 10  # seconds for which a connection may wait for its next request
BACKLOG = 2048  # connections that the system holds until they are accepted


class Settings(NamedTuple):
    host: str
    port: int
    token: str | None  # that clients must send; None: none
    log: Path | None  # of requests; None: no log


def serve(settings: Settings, seal: Seal, load: Load) -> None:
    """Answer requests until SIGTERM or Ctrl-C, with the model of `load`, and with its next one when `seal` changes.

    Raises what `load` raises, before the port is open; EnvironmentFault (exit 5) when the port cannot be opened.
    """
    model = load()
    with _listening(settings.host, settings.port) as listener:
        server: _Server

        @asynccontextmanager
        async def running() -> AsyncIterator[Service]:
            service = server.service = Service(model, Limits(), processors.granted(), settings.log)
            gc.collect()
            gc.freeze()  # what lives as long as the server is not searched for garbage again and again
            watcher = asyncio.create_task(reload.watch(service, seal, load))
            yield service
            watcher.cancel()
            service.close()

        server = _Server(_config(app.make(running, settings.token)))
        print(f"{_address(listener)} answers with {model.name}, {model.digest}", flush=True)
        listener.setblocking(False)
        server.run(sockets=[listener])


class _Server(uvicorn.Server):
    """uvicorn's server, but the first signal announces the end, and a signal is no error at the end."""

    service: Service
    _end: float | None = None  # time.monotonic() at which no more connections are accepted

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.handle_exit)
        yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._end is None:
            self._end, self.service.is_draining = time.monotonic() + NOTICE, True
        else:
            self.should_exit = True

    async def on_tick(self, counter: int) -> bool:
        if self._end is not None and time.monotonic() > self._end:
            self.should_exit = True
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the port, but answer the clients whose connections the system has accepted for us."""
        waiting = [connection for listener in sockets or [] for connection in _accepted(listener)]
        for server in self.servers:
            server.close()
        for connection in waiting:
            await asyncio.get_running_loop().connect_accepted_socket(self._protocol, connection)
        await super().shutdown(sockets)

    def _protocol(self) -> Connection:
        return Connection(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)


def _accepted(listener: socket.socket) -> Iterator[socket.socket]:
    """The connections that wait at a listener that does not block."""
    with suppress(OSError):
        while True:
            yield listener.accept()[0]


def _config(application: app.App) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        http=Connection,
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # nothing depends on where a client is
        timeout_keep_alive=IDLE,
        timeout_graceful_shutdown=GRACE,
    )


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that listens. Raises EnvironmentFault (exit 5) when the port is in use, or not ours to open."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, OverflowError) as fault:
        in_use = isinstance(fault, OSError) and fault.errno == errno.EADDRINUSE
        what = f"port {port} is in use" if in_use else f"{host}:{port} cannot be opened: {fault}"
        raise EnvironmentFault("E_PORT", what, where=f"{host}:{port}", fix="name another one with --port") from fault
    with listener:
        yield listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
