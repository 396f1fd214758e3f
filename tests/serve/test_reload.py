"""A server notices that its model changed, and keeps the old one where the new one cannot be used."""

import asyncio
import threading
from types import SimpleNamespace

import pytest

from darkroom.runtime.errors import ArtifactError


@pytest.fixture
def watched(monkeypatch):
    """A function that watches until `until()` holds, and returns the service and how often a model was loaded."""
    reload = pytest.importorskip("darkroom.serve.reload", reason="the extra `serve` is not installed")
    monkeypatch.setattr(reload, "SECONDS", 0.01)

    def watch(seal, load, until):
        model = SimpleNamespace(seal="first", name="first", digest="1")
        service = SimpleNamespace(model=model, reloads=[], threads=set())
        service.replace = lambda new: setattr(service, "model", new)
        service.counters = SimpleNamespace(reload=service.reloads.append)

        async def run():
            task = asyncio.create_task(reload.watch(service, seal, load))
            async with asyncio.timeout(30):
                while not until(service):
                    await asyncio.sleep(0.01)
            task.cancel()

        asyncio.run(run())
        return service

    return watch


def named(name):
    return SimpleNamespace(seal=name, name=name, digest=name)


def test_a_new_seal_loads_the_new_model_beside_the_event_loop(watched):
    threads = []

    def load():
        threads.append(threading.current_thread())
        return named("second")

    service = watched(lambda: "second", load, lambda service: service.model.name == "second")
    assert service.reloads == ["loaded"] and threads != [threading.main_thread()]


def test_a_model_that_cannot_be_used_is_tried_once_and_the_old_one_stays(watched, capsys):
    looks = []

    def load():
        raise ArtifactError("E_MODEL", "is damaged", where="there", fix="export it again")

    service = watched(lambda: looks.append(1) or "damaged", load, lambda _: len(looks) > 5)
    assert service.model.name == "first" and service.reloads == ["failed"]
    assert "the model stays first" in capsys.readouterr().err


def test_a_model_that_is_being_replaced_is_waited_for(watched):
    looks = []

    def seal():
        looks.append(1)
        if len(looks) < 3:
            raise FileNotFoundError
        return "second"

    assert watched(seal, lambda: named("second"), lambda service: service.model.name == "second").reloads == ["loaded"]
