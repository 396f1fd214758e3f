"""What a cluster decodes is what this machine decodes, byte for byte."""

import shutil
from pathlib import Path

import pytest
from tests.fixtures.cluster import on_ray
from tests.fixtures.defaults import DEFAULTS

from darkroom.dataset import layout, listing, packing
from darkroom.dataset.packed_rows import open_rows
from darkroom.decoding.bounds import DecodeLimits
from darkroom.image_store import reading
from darkroom.image_store.reading import ImageStore, ShardReader
from darkroom.params import Engine, Preprocess, Validate
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


def made(images: ImageStore, place: Engine, config: Validate, small: Preprocess, home: Path) -> tuple[list, dict]:
    """The rows of the manifest and the files of the packed data, with nothing cached."""
    shutil.rmtree(home, ignore_errors=True)
    with engine.opened(place):
        rows = listing.build(images, layout.read(images), config, cache=home / "cache").rows
        packing.write(rows, images, home / "packed", small, LIMITS, home / "cache")
    return list(rows), bytes_below(home / "packed")


def test_a_manifest_and_packed_arrays_are_the_same_from_a_cluster(cluster, images, config, small, tmp_path):
    here = made(images, DEFAULTS.engine, config, small, tmp_path / "made")
    assert made(images, on_ray(cluster.address), config, small, tmp_path / "made") == here
    assert len(here[0]) == N + 2 and sum(bool(row["bad"]) for row in here[0]) == 2


@pytest.mark.filterwarnings("default")  # botocore and moto have their own
def test_they_are_the_same_from_a_cluster_that_reads_a_bucket(cluster, images, bucket, config, small, tmp_path):
    here = made(images, DEFAULTS.engine, config, small, tmp_path / "made")
    for shard in images.folder.glob("*.tar"):
        bucket.upload_file(str(shard), "pictures", f"copy/{shard.name}")
        shard.write_bytes(bytes(shard.stat().st_size))  # so nobody reads the folder
    copied = reading.open_store(images.folder, "s3://pictures/copy")
    assert made(copied, on_ray(cluster.address), config, small, tmp_path / "made") == here


@pytest.mark.filterwarnings("default")
def test_nodes_that_share_a_bucket_alone_fill_the_caches_of_the_project(
    cluster, images, bucket, config, small, tmp_path, monkeypatch
):
    monkeypatch.chdir(images.folder.parent)
    place = on_ray(cluster.address, shared="s3://pictures/project")
    decoded = []
    for where, shards in (
        (DEFAULTS.engine, images.shards),
        (place, ShardReader(engine.images_copy(place, images.folder))),
    ):
        monkeypatch.setattr(images, "shards", shards)
        shutil.rmtree("cache", ignore_errors=True)
        with engine.opened(where), open_rows(Path("cache/rows"), small, LIMITS.max_pixels) as (_, rows):
            listed = listing.build(images, layout.read(images), config, cache=Path("cache/facts"), packed=rows).rows
        with open_rows(Path("cache/rows"), small, LIMITS.max_pixels) as (cached, _):
            digests = [row["sha256"] for row in listed if not row["bad"]]
            decoded.append((list(listed), [cached.get(digest) for digest in digests]))
    assert decoded[0] == decoded[1] and None not in decoded[0][1] and len(decoded[0][1]) == N
