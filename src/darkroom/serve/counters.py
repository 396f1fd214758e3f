"""What `GET /metrics` tells a Prometheus server."""

from collections.abc import Callable
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from darkroom.serve.model import ServedModel

CONTENT_TYPE = CONTENT_TYPE_LATEST
SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
IMAGES = (1, 2, 4, 8, 16, 32)


class Counters:
    """The measures of one server, in a registry of its own."""

    def __init__(self, waiting: Callable[[], int]):
        self._registry = registry = CollectorRegistry()
        named, by_route = ("route", "status"), ("route",)
        self._requests = Counter("darkroom_requests", "Requests, by route and status", named, registry=registry)
        self._seconds = Histogram(
            "darkroom_request_seconds", "From head to answer", by_route, buckets=SECONDS, registry=registry
        )
        self._batches = Histogram(
            "darkroom_batch_images", "Images that the model computes at once", buckets=IMAGES, registry=registry
        )
        self._labels = Counter("darkroom_predictions", "Predictions, by label", ("label",), registry=registry)
        self._reloads = Counter("darkroom_reloads", "Models put in place of another", ("result",), registry=registry)
        self._model = Info("darkroom_model", "The model that answers", registry=registry)
        # a look-up in a cache takes a tenth of the time that `labels` takes
        self._requests_of, self._seconds_of = cache(self._requests.labels), cache(self._seconds.labels)
        self._labels_of = cache(self._labels.labels)
        held = Gauge("darkroom_waiting_images", "Images accepted and not answered", registry=registry)
        held.set_function(waiting)

    def request(self, route: str, status: int, seconds: float) -> None:
        self._requests_of(route, status).inc()
        self._seconds_of(route).observe(seconds)

    def batch(self, images: int) -> None:
        self._batches.observe(images)

    def label(self, name: str) -> None:
        self._labels_of(name).inc()

    def reload(self, result: str) -> None:
        """`result` is "loaded" or "failed"."""
        self._reloads.labels(result).inc()

    def model(self, served: ServedModel) -> None:
        self._model.info({"name": served.name, "digest": served.digest})

    def text(self) -> bytes:
        """All measures, in Prometheus' text format."""
        return generate_latest(self._registry)
