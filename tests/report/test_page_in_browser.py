"""The page in a browser: it fits the screen, requests nothing, and its script works."""

import json
from dataclasses import replace

import pytest
from tests.report.example import hostile, hundred, page, report_context, usual

OUTPUT = """new Promise((done) => {
  const out = document.getElementById("out"), check = () => out.textContent && done(out.textContent);
  new MutationObserver(check).observe(out, { childList: true });
  check();
})"""


def output(tab):
    """The JSON that a page writes into #out; it may look into its frames."""
    return json.loads(tab.value(OUTPUT))


MEASURE = """<!doctype html><body>
{frames}
<pre id="out"></pre>
<script>
onload = () => {{
  const measurements = [...document.querySelectorAll("iframe")].map((frame) => {{
    const page = frame.contentWindow, root = page.document.documentElement;
    const head = page.document.querySelector("table.sortable th:last-child");
    head?.querySelector("button")?.click();
    return {{
      frame: page.innerWidth, width: root.clientWidth, needed: root.scrollWidth,
      background: page.getComputedStyle(page.document.body).backgroundColor, sorted: head?.getAttribute("aria-sort"),
      overflowing: [...page.document.querySelectorAll("main *")]
        .filter((e) => !e.closest(".scroll, details:not([open])"))
        .filter((e) => e.getBoundingClientRect().right > root.clientWidth + 1)
        .map((e) => e.tagName + "." + e.className),
    }};
  }});
  document.getElementById("out").textContent = JSON.stringify(measurements);
}};
</script>"""


@pytest.fixture(scope="module")
def measured_pages(tmp_path_factory):
    """A page that contains three reports, each as wide as a phone and as a desktop, and measures them."""
    folder = tmp_path_factory.mktemp("pages")
    frames = ""
    for name, text in {"usual": usual(), "hostile": hostile(), "hundred": hundred()}.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
        for width in (390, 1280):
            frames += f'<iframe src="{name}.html" width="{width}" height="800"></iframe>'
    (folder / "measure.html").write_text(MEASURE.format(frames=frames), encoding="utf-8")
    return folder / "measure.html"


@pytest.mark.parametrize(("scheme", "background"), [("light", "rgb(252, 252, 251)"), ("dark", "rgb(20, 23, 26)")])
def test_no_page_is_wider_than_a_phone_or_a_desktop(measured_pages, opened, scheme, background):
    with opened(measured_pages, scheme) as tab:
        measurements = output(tab)
    assert [measured["frame"] for measured in measurements] == [390, 1280] * 3
    for measured in measurements:
        assert measured["needed"] <= measured["width"] and measured["overflowing"] == []
        assert measured["background"] == background
        assert measured["sorted"] == "ascending"


POINT = """<!doctype html><body><iframe src="page.html" width="1280" height="800"></iframe><pre id="out"></pre>
<script>
onload = () => {
  const page = document.querySelector("iframe").contentDocument;
  const figures = [...page.querySelectorAll("figure:has(.part)")];
  const tooltips = () => figures.map((figure) => figure.querySelector(".tooltip").textContent);
  const before = tooltips();
  const svg = figures[0].querySelector("svg");
  const [first] = svg.querySelectorAll('.part[tabindex="0"]');
  first.dispatchEvent(new PointerEvent("pointerenter"));
  const pointed = tooltips();
  first.focus();
  first.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
  const stepped = tooltips();
  const on = [...new Set([...page.querySelectorAll(".on")].map((part) => part.dataset.part))];
  const stops = svg.querySelectorAll('[tabindex="0"]').length;
  page.activeElement.blur();
  const after = tooltips();
  document.getElementById("out").textContent = JSON.stringify({ before, pointed, stepped, on, stops, after });
};
</script>"""


def test_pointing_at_a_trial_or_stepping_to_it_shows_its_tooltip(tmp_path, opened):
    report = report_context()
    trials = [{**row, "dropout": f"0.{int(row['trial']) % 3}"} for row in report.trials]
    (tmp_path / "page.html").write_text(page(replace(report, trials=trials)), encoding="utf-8")
    (tmp_path / "point.html").write_text(POINT)
    with opened(tmp_path / "point.html") as tab:
        seen = output(tab)
    assert len(seen["before"]) == 2 and seen["before"] == seen["after"]
    assert seen["pointed"][0] == "Trial 0: loss 0.400, accuracy 0.910; filters 16, head flatten, dropout 0.0"
    assert seen["stepped"][0] == "Trial 1: loss 0.200, accuracy 0.920; filters 32, head flatten, dropout 0.1"
    assert seen["on"] == ["trial-1"] and seen["stops"] == 1


def visit(tab):
    """What a page writes to the console in ten seconds of its life, and the addresses that it requests."""
    tab.pass_time(10_000)
    messages = tab.seen("Runtime.consoleAPICalled") + tab.seen("Runtime.exceptionThrown") + tab.seen("Log.entryAdded")
    return messages, {event["request"]["url"] for event in tab.seen("Network.requestWillBeSent")}


def test_no_request_leaves_the_page_and_the_console_stays_empty(tmp_path, opened):
    path = tmp_path / "page.html"
    path.write_text(hostile(), encoding="utf-8")
    with opened(path) as tab:
        messages, addresses = visit(tab)
    assert messages == [] and {a for a in addresses if not a.startswith("data:")} == {path.as_uri()}


def test_the_browser_reports_what_a_page_requests_and_logs(tmp_path, opened):
    """So that the test above can fail: at once, and later."""
    path = tmp_path / "page.html"
    later = "setTimeout(() => { console.log(1); fetch('http://example.net/later'); }, 5000)"
    path.write_text(f'<img src="http://example.org/x.png"><script>{later}</script>')
    with opened(path) as tab:
        messages, addresses = visit(tab)
    assert addresses == {path.as_uri(), "http://example.org/x.png", "http://example.net/later"}
    assert [message["args"][0]["value"] for message in messages if "args" in message] == [1]
