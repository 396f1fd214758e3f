"""commands.image_sources: files, members of zips and standard input become images to predict."""

import io
import pickle
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from darkroom import params
from darkroom.commands import image_sources
from darkroom.runtime.errors import DataError

LIMITS = params.load().ingest


def png(shade: int = 0) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (9, 9), shade).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)


def packed(members: dict[str, bytes], name: str = "photos.zip") -> str:
    with zipfile.ZipFile(name, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in members.items():
            archive.writestr(member, data)
    return name


def read(*arguments: str, stdin: bytes = b"", limits: params.Ingest = LIMITS) -> list[tuple[str, bytes | DataError]]:
    """The name of each source, and its bytes as a worker process reads them, or why it cannot."""
    with image_sources.opened(arguments, io.BytesIO(stdin), lambda: limits) as sources:
        sent = pickle.loads(pickle.dumps(sources))
        return [(str(source), _bytes(source)) for source in sent]


def _bytes(source: image_sources.Source) -> bytes | DataError:
    try:
        return image_sources.read(source)
    except DataError as fault:
        return fault


def test_a_zip_stands_for_the_images_in_it_and_nothing_is_unpacked(capsys):
    name = packed({"b/2.png": png(2), "a/1.png": png(1), "labels.csv": b"x", "__MACOSX/._1.png": b"x", "empty/": b""})
    assert read(name) == [("photos.zip!a/1.png", png(1)), ("photos.zip!b/2.png", png(2))]
    assert list(Path().iterdir()) == [Path(name)]
    assert capsys.readouterr().err == "warning: photos.zip: left out 1 .csv\n"


def test_a_member_is_read_when_it_is_sent_and_not_before():
    name = packed({"a.png": png(), "b.png": png()})
    with image_sources.opened([name], io.BytesIO(), lambda: LIMITS) as sources:
        opened = []
        for source in sources:
            original = source.member.opener
            object.__setattr__(source.member, "opener", lambda m, original=original: opened.append(1) or original(m))
        assert not opened and pickle.loads(pickle.dumps(sources[:1])) == [("photos.zip!a.png", png())]
        assert len(opened) == 1


def test_a_zip_beyond_the_limits_is_one_error_and_the_files_beside_it_are_read():
    name = packed({"bomb.bmp": bytes(2_000_000)})
    Path("a.png").write_bytes(png())
    (_, fault), good = read(name, "a.png")
    assert isinstance(fault, DataError) and fault.code == "E_ARCHIVE_BOMB" and good == ("a.png", png())
    ((_, fault),) = read(packed({"../a.png": png()}, "up.zip"))
    assert fault.code == "E_ARCHIVE_PATH"
    ((_, fault),) = read(name, limits=LIMITS.model_copy(update={"max_entry_bytes": 1000}))
    assert fault.code == "E_ARCHIVE_LIMIT"


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\3\4" + bytes(100)])
def test_a_zip_that_is_none_is_an_error_and_no_crash(content):
    Path("a.zip").write_bytes(content)
    ((name, fault),) = read("a.zip")
    assert name == "a.zip" and fault.code == "E_ARCHIVE_CORRUPT"


def test_a_zip_without_images_is_an_error():
    ((_, fault),) = read(packed({"readme.txt": b"x"}))
    assert "holds no images" in str(fault)


def test_a_damaged_member_is_an_error_that_names_it_and_costs_no_other():
    name = packed({"a.png": png(1), "b.png": png(2)})
    data = bytearray(Path(name).read_bytes())
    data[data.index(b"a.png") + len("a.png") + 2] ^= 255
    Path(name).write_bytes(data)
    (bad, fault), good = read(name)
    assert bad == "photos.zip!a.png" and isinstance(fault, DataError) and "cannot be unpacked" in str(fault)
    assert good == ("photos.zip!b.png", png(2))


def test_a_zip_that_does_not_exist_is_left_to_the_one_who_reads_it():
    with image_sources.opened(["absent.zip"], io.BytesIO(), lambda: LIMITS) as sources:
        assert sources == [Path("absent.zip")]


@pytest.mark.parametrize("separator", ["\n", "\r\n", "\0"])
def test_standard_input_may_list_files_folders_and_zips_but_no_patterns(separator):
    Path("pets").mkdir()
    for name in ("pets/a.png", "ä b.png", "[x].png", "x.png"):
        Path(name).write_bytes(png())
    words = ["pets", "ä b.png", "[x].png", packed({"c.png": png()}), "*.png"]
    with image_sources.opened(["-"], io.BytesIO(separator.join([*words, ""]).encode()), lambda: LIMITS) as sources:
        assert list(map(str, sources)) == ["pets/a.png", "ä b.png", "[x].png", "photos.zip!c.png", "*.png"]


@pytest.mark.parametrize("form", ["PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM"])
def test_standard_input_may_be_an_image(form):
    buffer = io.BytesIO()
    Image.new("RGB", (9, 9), "teal").save(buffer, form)
    assert read("-", stdin=buffer.getvalue()) == [("-", buffer.getvalue())]


def test_no_more_of_standard_input_is_read_than_an_image_may_have():
    limits = LIMITS.model_copy(update={"max_entry_bytes": 100})
    ((_, fault),) = read("-", stdin=b"\xff" * 1000, limits=limits)
    assert isinstance(fault, DataError) and "more than 100 bytes" in str(fault)
    assert read("-", stdin=b"") == []
