"""What a cluster decodes is what this machine decodes, byte for byte."""

import shutil
from pathlib import Path

import pytest
from tests.fixtures.cluster import on_ray
from tests.fixtures.defaults import DEFAULTS

from darkroom.dataset import layout, listing, packing
from darkroom.decoding.bounds import DecodeLimits
from darkroom.workers import engine

pytestmark = pytest.mark.slow

LIMITS = DecodeLimits(1_000_000)
N = 240


@pytest.fixture
def images(stored, png):
    files = {f"{label}/{number}.png": png(number + N * (label == "b")) for label in "ab" for number in range(N // 2)}
    return stored(files | {"a/broken.png": png(1)[:60], "b/text.png": b"<html>"})


def bytes_below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_manifest_and_packed_arrays_are_the_same_from_a_cluster(cluster, images, config, small, tmp_path):
    made = {}
    for name, place in (("here", DEFAULTS.engine), ("cluster", on_ray(cluster.address))):
        cache, packed = tmp_path / "cache", tmp_path / name
        shutil.rmtree(cache, ignore_errors=True)
        with engine.opened(place):
            rows = listing.build(images, layout.read(images), config, cache=cache).rows
            packing.write(rows, images, packed, small, LIMITS, cache)
        made[name] = list(rows), bytes_below(packed)
    assert made["cluster"] == made["here"]
    assert len(made["here"][0]) == N + 2 and sum(bool(row["bad"]) for row in made["here"][0]) == 2
