"""The upload page in a browser: an image that is dropped gets its label and its map, at any width."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from tests.fixtures.serving import server_process

SEEN = "!document.getElementById('answer').hidden && document.getElementById('image').complete"
STRONG = """(() => {
  const canvas = document.getElementById("map"), n = canvas.width;
  const data = canvas.getContext("2d").getImageData(0, 0, n, n).data;
  return [...Array(n * n).keys()].filter((i) => data[4 * i + 3] > 96).map((i) => [Math.floor(i / n), i % n]);
})()"""
SCREENS = {"desktop": (1280, 900), "phone": (390, 844)}


@pytest.fixture(scope="module")
def address():
    """Of a server that answers `light` for what is bright."""
    with server_process() as (_, port):
        yield f"http://127.0.0.1:{port}/"


@pytest.fixture
def tab(address, opened):
    with opened(SimpleNamespace(as_uri=lambda: address)) as tab:
        yield tab


def drop(tab, path):
    """As a person does with the mouse."""
    box = tab.value("(({x, y, width, height}) => [x + width / 2, y + height / 2])(drop.getBoundingClientRect())")
    data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        tab.ask("Input.dispatchDragEvent", type=kind, x=box[0], y=box[1], data=data)


def wait(tab, condition):
    look = f"const look = () => ({condition}) ? done(true) : setTimeout(look, 20)"
    assert tab.value(f"new Promise((done) => {{ {look}; look(); }})")


def spot(path):
    """A black image with a white spot in the corner at the top left, which is all that speaks for `light`."""
    pixels = np.full((64, 64, 3), 110, np.uint8)
    pixels[:24, :24] = 255
    pixels[24:, 24:] = 140
    Image.fromarray(pixels).save(path)
    return path


@pytest.mark.parametrize("screen", SCREENS)
def test_a_dropped_image_gets_its_label_and_what_spoke_for_it(tab, tmp_path, screen):
    width, height = SCREENS[screen]
    tab.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
    drop(tab, spot(tmp_path / "spot.png"))
    wait(tab, SEEN)
    assert tab.value("document.getElementById('label').textContent") == "light"
    rows = tab.value("[...document.querySelectorAll('#probabilities tr')].map((row) => row.innerText.split('\\t')[0])")
    assert rows == ["light", "dark"]
    strong = tab.value(STRONG)
    assert strong and all(row < 5 and column < 5 for row, column in strong)
    assert tab.value("document.documentElement.scrollWidth") <= width
    assert tab.value("document.getElementById('fault').hidden")


def test_a_file_that_is_no_image_gets_a_sentence_and_the_next_image_its_label(tab, tmp_path):
    (tmp_path / "text.txt").write_text("hello")
    drop(tab, tmp_path / "text.txt")
    wait(tab, "!document.getElementById('fault').hidden")
    assert "not an image" in tab.value("document.getElementById('fault').textContent")
    drop(tab, spot(tmp_path / "spot.png"))
    wait(tab, SEEN)
    assert tab.value("document.getElementById('fault').hidden")


def test_the_pages_ask_no_other_server_and_the_console_stays_empty(tab, address):
    wait(tab, "document.getElementById('model').textContent")
    assert tab.value("document.getElementById('model').textContent") == "lamp, 0123456789abcdef"
    tab.load(f"{address}docs")
    wait(tab, "document.querySelectorAll('#routes dt').length > 8")
    asked = [event["request"]["url"] for event in tab.seen("Network.requestWillBeSent")]
    assert [url for url in asked if not url.startswith(address)] == []
    assert tab.seen("Runtime.exceptionThrown") == tab.seen("Log.entryAdded") == []
