"""What machines without a common folder exchange through a bucket, here one in memory."""

from pathlib import Path

import pytest

from darkroom.runtime import files, kept_state, sealing
from darkroom.runtime.bucket_copy import BucketCopy
from darkroom.runtime.errors import ArtifactError, ServiceError

URL = "memory://bucket/project"


@pytest.fixture
def copy(tmp_path, monkeypatch) -> BucketCopy:
    """A bucket copy of an empty project in the current folder."""
    import fsspec

    fsspec.filesystem("memory").store.clear()
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    return BucketCopy(URL)


def made(name: str, content: bytes) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def names(copy: BucketCopy, folder: str) -> set[str]:
    return copy._names(folder)


def test_another_machine_gets_the_files_that_were_published_and_no_others(copy, tmp_path):
    made("data/packed/a.npy", b"a")
    made("data/packed/train/b.npy", b"b")
    made("best.json", b"{}")
    made("secret", b"s")
    listed = copy.publish([Path("data/packed"), Path("best.json"), Path("absent")])
    home = tmp_path / "home"
    copy.fetch(listed, tmp_path / "store", home)
    found = {path.relative_to(home).as_posix(): path.read_bytes() for path in files.below(home)}
    assert found == {"data/packed/a.npy": b"a", "data/packed/train/b.npy": b"b", "best.json": b"{}"}


def test_a_file_is_sent_once_and_fetched_once_whatever_list_names_it(copy, tmp_path, monkeypatch):
    path = made("a", b"a")
    first = copy.publish([path])
    copy.fetch(first, tmp_path / "store", tmp_path / "one")
    sent: list = []
    monkeypatch.setattr(copy._bucket, "put", lambda own, *_: sent.extend(own))
    second = copy.publish([path])
    assert second == first and not sent
    copy._bucket.rm(copy._place("files", files.sha256(path)))
    copy.fetch(second, tmp_path / "store", tmp_path / "two")
    assert (tmp_path / "two/a").read_bytes() == b"a"


def test_what_was_published_stays_when_the_file_changes(copy, tmp_path):
    listed = copy.publish([made("a", b"old")])
    copy.publish([made("a", b"new")])
    copy.fetch(listed, tmp_path / "store", tmp_path / "home")
    assert (tmp_path / "home/a").read_bytes() == b"old"


def test_a_damaged_file_in_the_bucket_is_exit_4(copy, tmp_path):
    path = made("a", b"a")
    listed = copy.publish([path])
    copy._bucket.pipe_file(copy._place("files", files.sha256(path)), b"b")
    with pytest.raises(ArtifactError, match="damaged"):
        copy.fetch(listed, tmp_path / "store", tmp_path / "home")
    assert not (tmp_path / "home/a").exists()


def test_state_is_recalled_as_it_was_kept_last_until_it_is_forgotten(copy):
    path = made("cache/state/last.npz", b"1")
    copy.keep(path)
    copy.keep(made("cache/state/last.npz", b"2"))
    path.unlink()
    copy.recall(path)
    assert path.read_bytes() == b"2"
    copy.forget(Path("cache/state"))
    path.unlink()
    copy.recall(path)
    assert not path.exists()


def test_a_folder_in_the_bucket_follows_the_sealed_one(copy):
    made("images/a.tar", b"a")
    made("images/b.tar", b"b")
    sealing.seal(Path("images"))
    assert copy.sync(Path("images"), "images") == f"{URL}/images"
    Path("images/a.tar").unlink()
    made("images/b.tar", b"B")
    made("images/c.tar", b"c")
    sealing.seal(Path("images"))
    copy.sync(Path("images"), "images")
    assert names(copy, "images") == {"b.tar", "c.tar", sealing.INVENTORY}
    assert copy._bucket.cat_file(f"{URL}/images/b.tar") == b"B"


def test_a_bucket_that_refuses_is_exit_6_and_one_line(copy, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("no\nnot you")

    monkeypatch.setattr(copy._bucket, "put_file", refuse)
    with pytest.raises(ServiceError) as caught:
        copy.keep(made("a", b"a"))
    assert caught.value.exit_code == 6 and "\n" not in str(caught.value)


def test_without_a_bucket_state_stays_on_the_disk(copy):
    path = made("a", b"a")
    kept_state.keep(path)
    kept_state.recall(path)
    assert path.read_bytes() == b"a" and not names(copy, "state")
