"""What machines without a common folder exchange through a bucket, here one in memory."""

import errno
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from darkroom.runtime import bucket_copy, files, kept_state, sealing
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


def refuse(*_: object, **__: object) -> None:
    raise PermissionError("no\nnot you")


def names(copy: BucketCopy, folder: str) -> set[str]:
    return {path.rpartition("/")[2] for path in copy._bucket.find(f"{URL}/{folder}")}


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


def sealed(**contents: bytes) -> Path:
    """A sealed folder of these shards."""
    for name, content in contents.items():
        made(f"images/{name}.tar", content)
    sealing.seal(Path("images"))
    return Path("images")


def test_of_a_sealed_folder_what_is_new_is_sent_and_each_file_has_its_address(copy, monkeypatch):
    copy.publish_sealed(sealed(a=b"a", b=b"b"))
    sent: list[str] = []
    put = copy._bucket.put
    monkeypatch.setattr(copy._bucket, "put", lambda own, there: (sent.extend(own), put(own, there)))
    urls = copy.publish_sealed(sealed(a=b"a", b=b"B"))
    assert {name: copy._bucket.cat_file(url) for name, url in urls.items()} == {"a.tar": b"a", "b.tar": b"B"}
    assert sent == ["images/b.tar"]


def test_a_kill_while_a_new_version_is_sent_leaves_the_old_one_as_it_was(copy, monkeypatch):
    old = copy.publish_sealed(sealed(a=b"a", b=b"b"))
    with monkeypatch.context() as patch:
        put = copy._bucket.put

        def killed(own: list[str], there: list[str]) -> None:
            put(own[:1], there[:1])
            raise KeyboardInterrupt

        patch.setattr(copy._bucket, "put", killed)
        with pytest.raises(KeyboardInterrupt):
            copy.publish_sealed(sealed(a=b"A", b=b"B"))
    again = copy.publish_sealed(sealed(a=b"a", b=b"b"))
    assert again == old
    assert [copy._bucket.cat_file(again[name]) for name in ("a.tar", "b.tar")] == [b"a", b"b"]


def test_two_projects_in_one_bucket_keep_their_images(copy):
    one = copy.publish_sealed(sealed(a=b"of one"))
    other = copy.publish_sealed(sealed(a=b"of the other"))
    assert (copy._bucket.cat_file(one["a.tar"]), copy._bucket.cat_file(other["a.tar"])) == (b"of one", b"of the other")


def test_no_file_is_sent_under_the_digest_of_another(copy):
    made("images/a.tar", b"a")
    sealing.seal(Path("images"))
    made("images/a.tar", b"b")
    with pytest.raises(ArtifactError, match="damaged"):
        copy.publish_sealed(Path("images"))
    assert not names(copy, "files")


def test_what_is_in_use_is_sent_again_before_a_rule_deletes_what_is_a_month_old(copy):
    path = made("a", b"a")
    copy.publish([path])
    there = copy._bucket.store[copy._bucket._strip_protocol(copy._place("files", files.sha256(path)))]
    there.modified -= bucket_copy.RENEWED + timedelta(hours=1)
    copy.publish([path])
    assert datetime.now(UTC) - copy._bucket.modified(copy._place("files", files.sha256(path))) < timedelta(hours=1)


def test_a_bucket_that_refuses_is_exit_6_and_one_line(copy, monkeypatch):
    monkeypatch.setattr(copy._bucket, "put_file", refuse)
    with pytest.raises(ServiceError) as caught:
        copy.keep(made("a", b"a"))
    assert caught.value.exit_code == 6 and "\n" not in str(caught.value)


def test_a_state_that_the_bucket_refuses_is_a_warning_and_goes_there_the_next_time(copy, monkeypatch, capsys):
    monkeypatch.setattr(kept_state, "_copies", [copy])
    path = made("cache/last.npz", b"1")
    with monkeypatch.context() as patch:
        patch.setattr(copy._bucket, "put_file", refuse)
        kept_state.keep(path)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("warning: cache/last.npz") and "no" in line
    kept_state.keep(path)
    path.unlink()
    kept_state.recall(path)
    assert path.read_bytes() == b"1"


def test_what_is_missing_in_the_bucket_is_exit_6_and_one_line(copy, tmp_path):
    with pytest.raises(ServiceError) as caught:
        copy.fetch("0" * 64, tmp_path / "store", tmp_path / "home")
    assert caught.value.exit_code == 6 and "\n" not in str(caught.value)


def test_a_fault_of_this_machine_is_not_told_as_one_of_the_bucket(copy, tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match="absent"):
        copy.keep(Path("absent"))
    path = made("a", b"a")
    listed = copy.publish([path])

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(copy._bucket, "get", full)
    with pytest.raises(OSError, match="No space left"):
        copy.fetch(listed, tmp_path / "store", tmp_path / "home")


@pytest.mark.filterwarnings("default")  # botocore and moto have their own
def test_a_bucket_that_is_not_there_is_exit_6(bucket, tmp_path):
    path = tmp_path / "a"
    path.touch()
    copy = BucketCopy("s3://absent/project")
    for use in (lambda: copy.publish([path]), lambda: copy.keep(path)):
        with pytest.raises(ServiceError, match="cannot be used"):
            use()


def test_without_a_bucket_state_stays_on_the_disk(copy):
    path = made("a", b"a")
    kept_state.keep(path)
    kept_state.recall(path)
    assert path.read_bytes() == b"a" and not names(copy, "state")
