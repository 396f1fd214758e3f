"""A page in Chromium, and its picture."""

import io
import time
from base64 import b64decode
from pathlib import Path

from PIL import Image
from tests.fixtures.browser import Browser, Tab

WIDTH, HEIGHT = 1280, 900  # pixels
COLOURS = 256
STILL = 2.0  # seconds until what has just opened no longer moves
PATIENCE = 300.0  # seconds that a page may take to show what is waited for


def opened(browser: Browser, address: str, *, height: int = HEIGHT, before: str = "") -> Tab:
    """Open the page in a window of WIDTH x `height` pixels, once the script `before` has run."""
    target = browser.ask("Target.createTarget", url="about:blank")["targetId"]
    tab = Tab(browser, browser.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"])
    for domain in ("Page", "Runtime", "DOM"):
        tab.ask(f"{domain}.enable")
    tab.ask("Emulation.setDeviceMetricsOverride", width=WIDTH, height=height, deviceScaleFactor=1, mobile=False)
    tab.ask("Emulation.setScrollbarsHidden", hidden=True)
    tab.ask("Page.addScriptToEvaluateOnNewDocument", source=before)
    tab.load(address)
    return tab


def wait_until(tab: Tab, condition: str) -> None:
    """Wait until the JavaScript expression holds. Raises SystemExit after PATIENCE seconds."""
    end = time.monotonic() + PATIENCE
    while not tab.value(f"Boolean({condition})"):
        if time.monotonic() > end:
            raise SystemExit(f"the page does not come to {condition}")
        time.sleep(0.2)


def show(tab: Tab, element: str) -> None:
    """Scroll to what the JavaScript expression returns, once it is there and no longer moves."""
    wait_until(tab, element)
    time.sleep(STILL)
    tab.value(f"{element}.scrollIntoView({{block: 'center'}})")


def click(tab: Tab, element: str) -> None:
    """Press and release the mouse on what the JavaScript expression returns.

    Not `element.click()`: the menus of MLflow's page open at the press of a pointer.
    """
    show(tab, element)
    box = f"{element}.getBoundingClientRect()"
    place = {axis: tab.value(f"{box}.{axis} + {box}.{side} / 2") for axis, side in (("x", "width"), ("y", "height"))}
    for kind in ("mousePressed", "mouseReleased"):
        tab.ask("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **place)


def save(tab: Tab, path: Path) -> None:
    """Save what the window shows, as a PNG with a palette, which is a third of the size."""
    picture = Image.open(io.BytesIO(b64decode(tab.ask("Page.captureScreenshot", format="png")["data"])))
    few = picture.convert("RGB").quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
