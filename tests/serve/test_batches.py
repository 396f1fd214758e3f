"""Images of many requests are predicted together, in one thread, within bounds."""

import asyncio
import threading

import numpy as np
import pytest
from tests.fixtures.serving import brightness


class Gated:
    """Predicts once it is opened, and notes how many images and threads it sees."""

    def __init__(self):
        self.open, self.entered, self.batches, self.threads = threading.Event(), threading.Event(), [], set()

    def __call__(self, images):
        self.batches.append(len(images))
        self.threads.add(threading.get_ident())
        self.entered.set()
        assert self.open.wait(30)
        return brightness(images)


def requests(client, png, count, **options):
    return [
        client.request("POST", "/predict", [png(n)], {"content-type": "image/png"}, **options) for n in range(count)
    ]


def test_what_waits_while_a_batch_runs_is_the_next_batch(serving, png):
    gated = Gated()
    client = serving(gated, batch=4)
    threading.Timer(0.5, gated.open.set).start()
    answers = client.together(*requests(client, png, 9))
    assert {answer.status for answer in answers} == {200} and len(gated.threads) == 1
    assert sum(gated.batches) == 9 and max(gated.batches) <= 4 and len(gated.batches) <= 4


def test_each_request_gets_the_answer_to_its_own_image(serving, png):
    client = serving()
    together = client.together(*requests(client, png, 20))
    alone = [client.run(request) for request in requests(client, png, 20)]
    assert [answer.json for answer in together] == [answer.json for answer in alone]
    assert len({answer.body for answer in alone}) == 20


def test_a_lone_image_does_not_wait_for_others(serving, png):
    client = serving(patience=60.0)
    assert client.post("/predict", png()).status == 200


def test_an_image_does_not_wait_for_one_that_is_refused(serving, png):
    client = serving(patience=60.0)
    good, late = (
        requests(client, png, 1),
        client.request("POST", "/predict", [b"no image"], {"content-type": "image/png"}),
    )
    assert [answer.status for answer in client.together(*good, late)] == [200, 422]


def test_a_full_queue_refuses_at_once_and_takes_more_when_it_has_room(serving, png):
    gated = Gated()
    client = serving(gated, waiting=5)
    threading.Timer(0.5, gated.open.set).start()
    answers = client.together(*requests(client, png, 12))
    statuses = [answer.status for answer in answers]
    assert statuses.count(200) == 5 and statuses.count(503) == 7
    assert {answer.headers.get("retry-after") for answer in answers if answer.status == 503} == {"1"}
    assert client.post("/predict", png()).status == 200 and client.service.backlog.images == 0


def test_bodies_together_hold_no_more_than_their_bound(serving, png):
    size = len(png())
    client = serving(held=size)
    first, second = requests(client, png, 2, pause=0.05)
    statuses = sorted(answer.status for answer in client.together(first, second))
    assert statuses in ([200, 503], [503, 503]) or size > len(png(1))
    assert client.service.backlog.bytes == 0


def test_nothing_is_computed_for_a_client_that_is_gone(serving, png):
    seen = []
    client = serving(lambda images: seen.append(len(images)) or brightness(images))
    (request,) = requests(client, png, 1, is_gone=lambda: True)
    client.run(request)
    assert seen == [] and client.service.backlog.images == 0


def test_a_new_model_answers_new_requests_and_the_old_one_those_that_came_before(serving, png):
    gated = Gated()
    client = serving(gated)
    old = client.service.model
    new = old._replace(digest="new", predict=lambda images: np.full((len(images), 2), 0.5, np.float32))

    async def replaced():
        loop = asyncio.get_running_loop()
        first = loop.create_task(requests(client, png, 1)[0])
        await loop.run_in_executor(None, gated.entered.wait)
        client.service.replace(new)
        second = loop.create_task(requests(client, png, 1)[0])
        gated.open.set()
        return await first, await second

    first, second = client.run(replaced())
    assert (first.json["digest"], second.json["digest"]) == ("0123456789abcdef", "new")
    assert second.json["probabilities"] == {"dark": 0.5, "light": 0.5} != first.json["probabilities"]


@pytest.mark.parametrize("count", [1, 7])
def test_the_threads_end_with_the_server(serving, png, count):
    before = threading.active_count()
    client = serving()
    client.together(*requests(client, png, count))
    client.service.close()
    assert threading.active_count() == before
    client.service.close = lambda: None
