"""A copy of the shards in a bucket gives the bytes that were stored, or an error; here S3 on this machine."""

import pytest

from darkroom.image_store import boundaries, reading
from darkroom.runtime.bucket_copy import BucketCopy
from darkroom.runtime.errors import ArtifactError, ServiceError

pytestmark = pytest.mark.filterwarnings("default")  # botocore and moto have their own

CONTENTS = {f"{'ab'[n % 2]}/{n}.png": bytes([n]) * (900 + n) for n in range(40)}
URL = "s3://pictures/copy/images"


@pytest.fixture
def copied(stored, bucket, monkeypatch):
    """A store of several shards, and a function that opens it with the files of a copy."""
    monkeypatch.setattr(boundaries, "SMALLEST", 8 << 10)
    store = stored(CONTENTS)
    for shard in store.folder.glob("*.tar"):
        bucket.upload_file(str(shard), "pictures", f"copy/images/{shard.name}")
    return lambda: reading.open_store(store.folder, URL)


def test_files_are_those_of_the_folder_in_any_order(copied):
    store = copied()
    assert {path: store.read(path) for path in reversed(store.paths)} == CONTENTS
    assert store.head("a/2.png", 5) == bytes([2]) * 5


def test_a_file_that_is_not_the_one_that_was_ingested_is_exit_4(copied, bucket):
    name = copied().file("a/2.png").shard
    size = bucket.head_object(Bucket="pictures", Key=f"copy/images/{name}.tar")["ContentLength"]
    bucket.put_object(Bucket="pictures", Key=f"copy/images/{name}.tar", Body=bytes(size))
    with pytest.raises(ArtifactError, match="is damaged at a/2.png") as caught:
        copied().read("a/2.png")
    assert "again" in caught.value.fix
    bucket.delete_object(Bucket="pictures", Key=f"copy/images/{name}.tar")
    with pytest.raises(ArtifactError, match="is missing"):
        copied().read("a/2.png")


def test_shards_that_have_addresses_of_their_own_are_read_there(copied, bucket):
    folder = copied().folder
    urls = BucketCopy("s3://pictures/project").publish_sealed(folder)
    store = reading.open_store(folder, urls)
    assert {path: store.read(path) for path in store.paths} == CONTENTS
    for shard in bucket.list_objects_v2(Bucket="pictures", Prefix="project/")["Contents"]:
        bucket.delete_object(Bucket="pictures", Key=shard["Key"])
    with pytest.raises(ArtifactError, match="is missing") as caught:
        reading.open_store(folder, urls).read("a/2.png")
    assert "run it again" in caught.value.fix


def test_a_bucket_that_refuses_is_exit_6(copied, monkeypatch):
    store = copied()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(ServiceError) as caught:
        store.read("a/2.png")
    assert caught.value.exit_code == 6 and "\n" not in str(caught.value)
