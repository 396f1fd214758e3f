"""The head of a cluster dies: the work ends at once with exit 6, and on a new cluster it goes on where it was."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path

import psutil
import pytest
from tests.fixtures.cluster import ABSENT, on_ray
from tests.fixtures.programs import running, wait_until
from tests.workers.test_engine_on_ray import gone, project, slow_task  # noqa: F401

from darkroom.dataset import file_cache
from darkroom.dataset.file_cache import FileCache
from darkroom.workers import engine

pytestmark = pytest.mark.slow

N = 3000
CLUSTER = """
import sys
from ray.cluster_utils import Cluster
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
cluster.add_node(num_cpus=1)
print(cluster.address, flush=True)
sys.stdin.read()
"""


DRIVER = """
from pathlib import Path
from tests.fixtures.cluster import on_ray
from tests.workers.test_head_death_on_ray import made, one_task
from darkroom.runtime import errors
from darkroom.workers import engine

def main():
    with engine.opened(on_ray("{address}")):
        {body}

errors.program(main)
"""


class Doomed:
    """A cluster of its own, whose processes can be killed."""

    def __init__(self, process: subprocess.Popen):
        self.address = process.stdout.readline().strip()
        assert self.address, "the cluster did not start"
        self._processes = psutil.Process(process.pid).children(recursive=True)

    def kill_head(self) -> None:
        (head,) = (process for process in self._processes if process.name() == "gcs_server")
        head.kill()

    def kill(self) -> None:
        for process in self._processes:
            if process.is_running():
                process.kill()


@pytest.fixture
def doomed(cluster, monkeypatch) -> Iterator[Doomed]:
    pytest.importorskip("ray", reason=ABSENT)
    monkeypatch.setenv("PYTHONPATH", f"{Path.cwd()}:{Path.cwd() / 'src'}")
    command = [sys.executable, "-c", CLUSTER]
    with running(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        made = Doomed(process)
        yield made
        made.kill()


def key(number: int) -> str:
    return sha256(b"%d" % number).hexdigest()


def make(number: int, *, log: Path | None, done: Path) -> bytes:
    time.sleep(0.005)
    with done.open("a") as file:
        file.write(f"{number}\n")
    file_cache.add(log, {key(number): b"%d" % number})
    return b"%d" % number


def lost(number: int, reason: str) -> bytes:
    return b""


def made(folder: Path) -> Iterator[bytes]:
    with FileCache(folder / "values.log") as cache:
        work = partial(make, log=cache.log, done=folder / "done")
        yield from file_cache.get_or_make(cache, partial(map, key, range(N)), range(N), work, title="items", lost=lost)


def one_task() -> None:
    with engine.task_pool(slow_task, print, 1, max_growth=0) as pool:
        pool.submit("task", Path.cwd() / "task")
        while pool.next().kind == "started":
            pass


def driver(body: str, address: str, home: Path, kill: Callable[[], None], begun: Callable[[], bool]) -> None:
    """Run `body` as a stage would, kill the head once it has begun, and expect exit 6 with one line."""
    script = DRIVER.format(body=body, address=address)
    with running([sys.executable, "-c", script], stderr=subprocess.PIPE, text=True, cwd=home) as process:
        wait_until(lambda: begun() or process.poll() is not None, "the work begins")
        kill()
        start = time.monotonic()
        _, said = process.communicate(timeout=60)
    lines = [line for line in said.splitlines() if "E_CLUSTER" in line or "Traceback" in line]
    assert process.returncode == 6 and len(lines) == 1, said
    assert time.monotonic() - start < 30


def test_items_that_were_done_when_the_head_died_are_not_done_again(cluster, doomed, project):  # noqa: F811
    done = project / "done"
    driver("list(made(Path.cwd()))", doomed.address, project, doomed.kill_head, done.exists)
    doomed.kill()
    time.sleep(1)  # its workers end when they miss it
    with FileCache(project / "values.log") as cache:
        before = len(cache)
    with engine.opened(on_ray(cluster.address)):
        values = list(made(project))
    assert values == [b"%d" % number for number in range(N)]
    assert 0 < before < N and len(done.read_text().split()) <= 2 * N - before


def test_a_task_goes_on_where_it_was_when_the_head_died(cluster, doomed, project):  # noqa: F811
    folder = project / "task"
    folder.mkdir()
    driver("one_task()", doomed.address, project, doomed.kill_head, (folder / "begun").exists)
    doomed.kill()
    (project / "go").touch()
    with engine.opened(on_ray(cluster.address)), engine.task_pool(slow_task, print, 1, max_growth=0) as pool:
        pool.submit("task", folder)
        assert [pool.next().value for _ in range(2)] == [None, "try 2"]
