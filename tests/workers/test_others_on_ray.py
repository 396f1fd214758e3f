"""A cluster whose processors another job uses too, here an actor on its one node of two processors."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fixtures.cluster import ABSENT, on_ray

from darkroom.workers import engine, parallel, ray_items

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """That of the cluster."""
    pytest.importorskip("ray", reason=ABSENT)
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PYTHONPATH", f"{Path.cwd()}:{Path.cwd() / 'src'}")  # the nodes call functions of tests
        try:
            made = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "include_dashboard": False})
        except Exception as fault:  # Ray's own: no shared memory, no network interface
            pytest.skip(f"Ray does not start on this machine: {fault}")
        yield made.address
        made.shutdown()


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").touch()
    monkeypatch.setattr(ray_items, "PATIENCE", 2)


class Other:
    """Another job."""

    def started(self) -> bool:
        return True


def holding(processors: int) -> object:
    """An actor that holds so many processors until it is killed."""
    import ray

    actor = ray.remote(Other).options(num_cpus=processors).remote()
    assert ray.get(actor.started.remote())
    return actor


def square(number: int) -> int:
    return number**2


def gone(number: int, reason: str) -> int:
    return -1


def squares(n: int) -> list[int]:
    return list(parallel.map(square, list(range(n)), title="squares", lost=gone))


def test_tasks_of_one_processor_go_on_where_another_job_holds_one_of_each_node(address, capsys):
    with engine.opened(on_ray(address)):
        actor = holding(1)
        assert squares(3000) == [number**2 for number in range(3000)]
        assert "no task of 2 processors ended for 2 s, yet 1 are free" in capsys.readouterr().err
        del actor


def test_a_cluster_of_which_another_job_holds_a_part_from_the_start_gets_tasks_of_one_processor(address, capsys):
    import ray

    ray.init(address=address, namespace="other", logging_level="ERROR")
    ray.remote(Other).options(num_cpus=1, name="other", lifetime="detached").remote()
    ray.get(ray.get_actor("other").started.remote())
    ray.shutdown()
    try:
        with engine.opened(on_ray(address)):
            assert squares(3000) == [number**2 for number in range(3000)]
        assert "warning" not in capsys.readouterr().err
    finally:
        ray.init(address=address, namespace="other", logging_level="ERROR")
        ray.kill(ray.get_actor("other"))
        ray.shutdown()


def test_where_others_hold_all_processors_a_line_says_so_and_work_begins_later(address, monkeypatch):
    import ray

    said: list[str] = []
    with engine.opened(on_ray(address)):
        actor = holding(2)

        def warn(line: str) -> None:
            said.append(line)
            ray.kill(actor)

        monkeypatch.setattr(ray_items, "warn", warn)
        assert squares(300) == [number**2 for number in range(300)]
    assert "no result for 2 s: 0 of its 2 processors are free" in said[0]
