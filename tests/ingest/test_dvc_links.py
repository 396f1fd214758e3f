"""Files that DVC moved into its cache and replaced by links belong to the user's data set."""

import subprocess

import pytest
from tests.fixtures.images import contents

from darkroom.commands import relabel
from darkroom.commands.new_images import Changes
from darkroom.dataset import layout
from darkroom.image_store.reading import open_store
from darkroom.ingest import sources
from darkroom.runtime.errors import DataError


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A function that makes a linked data set in a folder that looks like a DVC repository."""
    for name in ("DVC_SYSTEM_CONFIG_DIR", "DVC_GLOBAL_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    (tmp_path / "repo/.dvc").mkdir(parents=True)

    def linked(cache, count=4):
        for number in range(count):
            cached = cache / f"files/md5/0{number}/abc"
            cached.parent.mkdir(parents=True)
            cached.write_text(str(number))
            link = tmp_path / f"repo/data/raw/x/{'ab'[number % 2]}/{number}.png"
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(cached)
        return tmp_path / "repo/data/raw/x"

    linked.home = tmp_path / "repo"
    return linked


def unpacked(source, tmp_path, limits):
    sources.unpack(source, tmp_path / "out", limits)
    return {path.rpartition("/")[2]: data.decode() for path, data in contents(tmp_path / "out").items()}


EXPECTED = {f"{number}.png": str(number) for number in range(4)}


@pytest.mark.parametrize(
    ("config", "setting", "cache"),
    [
        ("", "", "repo/.dvc/cache"),
        ("repo/.dvc/config", "../elsewhere", "repo/elsewhere"),
        ("repo/.dvc/config.local", "{}/shared", "shared"),
        ("DVC_GLOBAL_CONFIG_DIR/config", "{}/shared", "shared"),
        ("DVC_SYSTEM_CONFIG_DIR/config", "'{}/shared'", "shared"),
    ],
)
def test_links_into_the_cache_are_files_wherever_the_cache_is(repository, tmp_path, limits, config, setting, cache):
    if config:
        (tmp_path / config).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / config).write_text(f"[cache]\n    dir = {setting.format(tmp_path)}\n    type = symlink\n")
    source = repository(tmp_path / cache)
    assert unpacked(source, tmp_path, limits) == EXPECTED


def test_the_folder_itself_may_be_a_link_and_so_may_the_cache(repository, tmp_path, limits):
    (tmp_path / "disk").mkdir()
    (repository.home / ".dvc/cache").symlink_to(tmp_path / "disk")
    repository(repository.home / ".dvc/cache").rename(tmp_path / "far")
    (repository.home / "data/raw/x").symlink_to(tmp_path / "far")
    assert unpacked(repository.home / "data/raw/x", tmp_path, limits) == EXPECTED


@pytest.mark.parametrize("type_of_link", ["symlink_to", "hardlink_to"])
def test_an_archive_that_is_a_link_is_read(repository, zipped, tmp_path, limits, type_of_link):
    link = repository.home / "data.zip"
    getattr(link, type_of_link)(zipped({"a/0.png": b"0", "b/1.png": b"1"}))
    assert unpacked(link, tmp_path, limits) == {"0.png": "0", "1.png": "1"}


@pytest.mark.parametrize("target", ["/etc/passwd", "{}/repo/.dvc/config", "{}/repo/.dvc/cache/files/md5", "{}/gone"])
def test_any_other_link_is_refused(repository, tmp_path, limits, target):
    source = repository(repository.home / ".dvc/cache")
    (repository.home / ".dvc/config").write_text("")
    (source / "a/9.png").symlink_to(target.format(tmp_path))
    with pytest.raises(DataError, match="a/9.png is a link"):
        sources.unpack(source, tmp_path / "out", limits)


def test_a_link_in_a_strangers_archive_is_refused_even_if_it_leads_into_the_cache(repository, tmp_path, limits):
    source = repository(repository.home / ".dvc/cache")
    subprocess.run(["tar", "-cf", tmp_path / "data.tar", "-C", source, "."], check=True)
    with pytest.raises(DataError, match="is a link"):
        sources.unpack(tmp_path / "data.tar", tmp_path / "out", limits)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["symlink", "hardlink"])
def test_ingest_reads_what_dvc_add_leaves_and_what_relabel_writes(tmp_path, folder, limits, kind, warm_dvc):
    def dvc(*words):
        subprocess.run([warm_dvc, "-m", "dvc", *words], cwd=tmp_path, check=True, capture_output=True)

    source = folder([f"{label}/{number}.png" for label in "ab" for number in range(3)], root="data/raw/x")
    dvc("init", "--no-scm", "-q")
    dvc("config", "cache.type", kind)
    dvc("add", "-q", str(source))
    assert (source / "a/0.png").is_symlink() == (kind == "symlink")
    sources.unpack(source, tmp_path / "data/images", limits)
    images = layout.read(open_store(tmp_path / "data/images")).images
    assert len(images) == 6
    issue = {"path": "a/0.png", "label": "a", "suggested": "b"}
    manifest = [image._replace(split="train")._asdict() for image in images]
    new = relabel.suggestions([issue], manifest, ["train"], tmp_path)
    relabel.write(Changes(new, []), manifest, open_store(tmp_path / "data/images"), source)
    dvc("add", "-q", str(source))
    sources.unpack(source, tmp_path / "data/images", limits)
    relabelled = {image.path: image.label for image in layout.read(open_store(tmp_path / "data/images")).images}
    assert relabelled == {image.path: "b" if image.path == "a/0.png" else image.label for image in images}
