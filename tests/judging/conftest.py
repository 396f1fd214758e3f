"""One Chromium for all tests that look at a page, driven by its DevTools protocol (https://chromedevtools.github.io).

The protocol says what the page itself asks for and writes to the console; the browser's own errands are no concern
of a test, and are off besides. No page finds any host.
"""

import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager

import pytest

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--allow-file-access-from-files",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-default-apps",
    "--disable-domain-reliability", "--disable-client-side-phishing-detection", "--disable-extensions",
    "--metrics-recording-only", "--no-first-run", "--no-default-browser-check", "--no-service-autorun",
    "--host-resolver-rules=MAP * ~NOTFOUND", "--remote-debugging-pipe",
]  # fmt: skip
START = """
import fcntl, os, sys
read, write = (fcntl.fcntl(int(end), fcntl.F_DUPFD, 10) for end in sys.argv[1:3])  # out of the way of 3 and 4
os.dup2(read, 3)
os.dup2(write, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


class Browser:
    """A running Chromium: commands go in by its descriptor 3, answers and events come out by 4, each ended by NUL."""

    def __init__(self, profile):
        (theirs, to), (from_, answers) = os.pipe(), os.pipe()
        words = [sys.executable, "-S", "-c", START, str(theirs), str(answers), PROGRAM, *FLAGS]
        self.process = subprocess.Popen(
            [*words, f"--user-data-dir={profile}"],
            pass_fds=(theirs, answers), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(theirs)
        os.close(answers)
        self._to, self._from, self._rest, self._sent, self.events = to, from_, b"", 0, []

    def ask(self, method, session=None, **params):
        """The answer to a command; the events that come before it are kept."""
        self._sent += 1
        command = {"id": self._sent, "method": method, "params": params}
        os.write(self._to, json.dumps(command | ({"sessionId": session} if session else {})).encode() + b"\0")
        return self._until(lambda message: message.get("id") == self._sent)["result"]

    def await_event(self, method, session):
        wanted = ("method", method), ("sessionId", session)
        return self._until(lambda message: all(message.get(key) == value for key, value in wanted))

    def _until(self, wanted):
        while True:
            while b"\0" not in self._rest:
                self._rest += os.read(self._from, 1 << 20) or pytest.fail("the browser has ended")
            line, _, self._rest = self._rest.partition(b"\0")
            self.events.append(json.loads(line))
            if wanted(self.events[-1]):
                return self.events[-1]

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self._to)
        os.close(self._from)


class Tab:
    """A page that has been loaded, in a scheme of colours: light or dark."""

    def __init__(self, browser, session):
        self._browser, self._session = browser, session

    def ask(self, method, **params):
        return self._browser.ask(method, self._session, **params)

    def load(self, address):
        self.ask("Page.navigate", url=address)
        self._browser.await_event("Page.loadEventFired", self._session)

    def value(self, script):
        """What `script` evaluates to, when it is a promise what it comes to."""
        answer = self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"]["value"]

    def pass_time(self, milliseconds):
        """Let the page live so long by its own clock, without waiting."""
        self.ask("Emulation.setVirtualTimePolicy", policy="advance", budget=milliseconds)
        self._browser.await_event("Emulation.virtualTimeBudgetExpired", self._session)

    def seen(self, method):
        """The parameters of all events of this kind."""
        mine = (event for event in self._browser.events if event.get("sessionId") == self._session)
        return [event["params"] for event in mine if event.get("method") == method]


@pytest.fixture(scope="session")
def _browser(tmp_path_factory):
    if PROGRAM is None:
        pytest.skip("no chromium or chrome on this machine")
    browser = Browser(tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.close()


@pytest.fixture
def opened(_browser):
    """A context that opens a page from its path, as `Tab`."""

    @contextmanager
    def open_(page, scheme="light"):
        target = _browser.ask("Target.createTarget", url="about:blank")["targetId"]
        session = _browser.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        tab = Tab(_browser, session)
        for domain in ("Page", "Network", "Runtime", "Log"):
            tab.ask(f"{domain}.enable")
        tab.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        tab.load(page.as_uri())
        yield tab
        _browser.ask("Target.closeTarget", targetId=target)
        _browser.events.clear()

    return open_
