"""The engine on a Ray cluster of three nodes on this machine. Skips where Ray is not installed."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from tests.fixtures.cluster import ABSENT, on_ray
from tests.fixtures.programs import wait_until

from darkroom.runtime.errors import EnvironmentFault, ServiceError
from darkroom.workers import engine, parallel, ray_nodes
from darkroom.workers.serving import Limits

LIMITS = Limits(seconds=5.0, memory=1 << 30)

pytestmark = pytest.mark.slow


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").touch()
    return tmp_path


def square(number: int) -> tuple[int, int]:
    time.sleep(0.01)
    if number == 13:
        os._exit(1)
    return number**2, os.getppid()


def gone(number: int, reason: str) -> tuple[int, int]:
    return -1, 0


def counted(log: Path, number: int) -> int:
    """Leave a line, so that a test sees what was done."""
    with log.open("a") as file:
        file.write(f"{number}\n")
    time.sleep(0.05)
    return number


def two_epochs(number: int, send) -> int:
    for epoch in range(2):
        send((epoch, number))
    if number == 3:
        raise ValueError("no such number\nmore")
    if number == 4:
        os._exit(1)
    return number * 10


def slow_task(state: Path, send) -> str:
    """Wait for the word of the test; a second try goes on from what the first left."""
    begun = state / "begun"
    tries = len(begun.read_text()) + 1 if begun.exists() else 1
    begun.write_text("x" * tries)
    while not (state.parent / "go").exists():
        time.sleep(0.1)
    return f"try {tries}"


def test_results_are_in_order_and_from_several_nodes_and_a_dead_item_costs_itself(cluster, project):
    with engine.opened(on_ray(cluster.address)):
        found = list(parallel.map(square, list(range(200)), title="squares", lost=gone, limits=LIMITS))
    assert [value for value, _ in found] == [-1 if n == 13 else n**2 for n in range(200)]
    assert len({parent for _, parent in found}) > 2  # the fork servers of more than one node, and nobody's


def test_what_a_function_raises_on_the_cluster_is_raised_here(cluster, project):
    with engine.opened(on_ray(cluster.address)), pytest.raises(ZeroDivisionError):
        list(parallel.map(partial(divmod, 1), [1, 0], title="quotients", lost=gone))


def test_messages_come_before_results_and_a_task_that_fails_costs_itself(cluster, project):
    with engine.opened(on_ray(cluster.address)), engine.task_pool(two_epochs, print, 1, max_growth=0) as pool:
        for number in range(1, 5):
            pool.submit(number, number)
        events: dict = {number: [] for number in range(1, 5)}
        while sum(e[-1].kind in ("done", "failed") for e in events.values() if e) < 4:
            event = pool.next()
            events[event.key].append(event)
    for number in (1, 2, 3):
        assert [(e.kind, e.value) for e in events[number][:3]] == [
            ("started", None),
            ("message", (0, number)),
            ("message", (1, number)),
        ]
    assert events[1][-1][1:] == ("done", 10) and events[2][-1][1:] == ("done", 20)
    assert events[3][-1][1:] == ("failed", "ValueError: no such number")
    assert events[4][-1].kind == "failed" and "its worker died" in events[4][-1].value


def test_a_dead_node_loses_no_item_and_no_task_and_doubles_no_result(cluster, project):
    node = cluster.add_node(num_cpus=1)
    with engine.opened(on_ray(cluster.address, workers=8)):
        results = parallel.map(partial(counted, project / "log"), list(range(400)), title="items", lost=gone)
        found = [next(iter_ := iter(results))]
        cluster.remove_node(node, allow_graceful=False)
        found += iter_
    assert found == list(range(400))


def test_a_task_whose_node_dies_goes_on_where_it_was_on_another(cluster, project):
    node = cluster.add_node(num_cpus=1)
    folders = [project / str(number) for number in range(4)]  # one for each processor, so one is on the node
    with engine.opened(on_ray(cluster.address, workers=4)), engine.task_pool(slow_task, print, 1, max_growth=0) as pool:
        for folder in folders:
            folder.mkdir()
            pool.submit(folder.name, folder)
        events = [pool.next() for _ in folders]
        wait_until(lambda: all((folder / "begun").exists() for folder in folders), "a task runs on each node")
        cluster.remove_node(node, allow_graceful=False)
        (project / "go").touch()
        events += [pool.next() for _ in folders]
    assert [event.kind for event in events] == ["started"] * 4 + ["done"] * 4
    assert sorted(event.value for event in events[4:]) == ["try 1", "try 1", "try 1", "try 2"]


def test_a_cluster_that_does_not_answer_is_exit_6_within_seconds(project):
    pytest.importorskip("ray", reason=ABSENT)
    start = time.monotonic()
    with pytest.raises(ServiceError) as caught, engine.opened(on_ray("127.0.0.1:9")):
        pass
    assert caught.value.exit_code == 6 and "\n" not in str(caught.value)
    assert time.monotonic() - start < 30


def test_without_ray_it_is_exit_5_with_the_command_that_installs_it(project, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(EnvironmentFault, match="Ray is not installed") as caught, engine.opened(on_ray("auto")):
        pass
    assert caught.value.exit_code == 5 and "darkroom[ray]" in caught.value.fix


def test_a_signal_means_the_same_on_a_cluster(cluster, project):
    before = signal.getsignal(signal.SIGTERM)
    with engine.opened(on_ray(cluster.address)):
        assert signal.getsignal(signal.SIGTERM) is before


def test_a_node_with_another_version_is_exit_5_and_says_which(cluster, project, monkeypatch):
    ours = ray_nodes._versions()
    monkeypatch.setattr(ray_nodes, "_versions", lambda: ours | {"pillow": "1.0"})
    with pytest.raises(EnvironmentFault, match=r"pillow .* \(here 1\.0\)"), engine.opened(on_ray(cluster.address)):
        pass


def test_a_node_without_the_project_is_exit_5(cluster, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EnvironmentFault, match="does not see"), engine.opened(on_ray(cluster.address)):
        pass


def test_the_local_engine_imports_no_ray():
    code = """
import sys
from darkroom import params
from darkroom.workers import engine, parallel
with engine.opened(params.load().engine):
    assert list(parallel.map(abs, [-1, 2], title="numbers")) == [1, 2]
sys.exit("ray" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
