"""How the test images were drawn: which of them belong together, and whether chance or the user chose them.

Near duplicates, and images of one `group` (a patient, a scene), are no independent evidence. They form a cluster, and
whatever measures doubt draws whole clusters, as the split did. The class counts of a test set that the user gave are
fixed; those of a drawn one vary, so a bootstrap must let them vary too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, TypedDict

import numpy as np

from darkroom.runtime import files


class TestSet(TypedDict):
    """What details/test_set.json holds."""

    images: int
    clusters: int
    given: bool  # the archive gave the test folder; else it was drawn


class _Split(Protocol):
    """A `packed_data.Split`, which this folder does not import: `compare` needs no images."""

    @property
    def clusters(self) -> np.ndarray: ...
    @property
    def spec(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, eq=False)
class Design:
    """How n images were drawn."""

    clusters: np.ndarray  # int64 (n,): images with one number are not independent
    given: bool  # the user chose the images, so their class counts are fixed

    @property
    def n_clusters(self) -> int:
        return int(self.cluster_of.max()) + 1

    @cached_property
    def cluster_of(self) -> np.ndarray:
        """int64 (n,): the clusters numbered from 0 on, without gaps."""
        return np.unique(self.clusters, return_inverse=True)[1]


def independent(n: int) -> Design:
    """Return the design of n images that were drawn at random, each a cluster of its own."""
    return Design(np.arange(n), given=False)


def of_split(split: _Split, name: str = "test") -> Design:
    """Return the design of a packed split; `name` is train, val or test."""
    return Design(split.clusters, given=name in split.spec["given_splits"])


def test_set(design: Design) -> TestSet:
    return {"images": len(design.clusters), "clusters": design.n_clusters, "given": design.given}


def read_test_set(path: Path) -> TestSet:
    """Read test_set.json. Raises ArtifactError (exit 4) when it is missing or no JSON object."""
    return files.read_object(path)  # type: ignore[return-value]  # `test_set` made it
