"""What each picture shows."""

import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from mlflow import MlflowClient
from tests.fixtures.browser import Browser

from tools.screenshots import servers
from tools.screenshots.browser import click, opened, save, wait_until

SETTLE = 5.0  # seconds for what a page loads after its first text
GRID = "confusion_matrix", "mistakes"  # of the images that a run has
NO_ASSISTANT = "localStorage.setItem('mlflow.assistant.fab.autoOpenedOnFirstLoad_v1', 'true')"  # it hides the runs


def report(browser: Browser, run: Path, out: Path) -> None:
    save(opened(browser, (run / "reports/index.html").as_uri(), height=1200), out / "report.png")


def data(browser: Browser, run: Path, out: Path) -> None:
    """The report's section on the data: the pages of Great Expectations take their style from the network."""
    address = f"{(run / 'reports/index.html').as_uri()}#data"
    save(opened(browser, address), out / "data.png")


def mlflow(browser: Browser, run: Path, out: Path) -> None:
    """The table of all runs, their metrics side by side, and the run of the best model."""
    best = json.loads((run / "reports/comparison.json").read_text())["best"]
    with servers.mlflow(run) as address:
        experiment, run_id = _best_run(address, best)
        page = f"{address}/#/experiments/{experiment}/runs"
        for name, part, height in (
            ("mlflow", "", 640),
            ("mlflow_charts", "?compareRunsMode=CHART", 900),
            ("mlflow_run", f"/{run_id}", 900),
        ):
            tab = opened(browser, f"{page}{part}", height=height, before=NO_ASSISTANT)
            wait_until(tab, f"document.body.innerText.includes('{best}-')")
            time.sleep(SETTLE)
            save(tab, out / f"{name}.png")


def image_grid(browser: Browser, run: Path, out: Path) -> None:
    """The chart of MLflow in which the images of several runs stand side by side, as a person adds it."""
    with servers.mlflow(run) as address:
        experiment, _ = _best_run(address, "cnn")
        tab = opened(browser, f"{address}/#/experiments/{experiment}/runs?compareRunsMode=CHART", before=NO_ASSISTANT)
        headers = "document.querySelectorAll('[data-testid=experiment-view-compare-runs-section-header]')"
        section = f"[...{headers}].find(e => e.innerText.startsWith('train'))"  # which has few charts
        click(tab, f"{section}?.querySelector('[data-testid=experiment-view-compare-runs-add-chart]')")
        click(tab, "document.querySelector('[data-testid=experiment-view-compare-runs-chart-type-image]')")
        click(tab, "document.querySelector('[role=dialog] [role=combobox][aria-label^=Images]')")
        for name in GRID:
            click(tab, f"[...document.querySelectorAll('[role=option]')].find(e => e.innerText.includes('{name}'))")
        click(tab, "document.querySelector('[role=dialog] [role=switch]')")  # no params beside the images
        click(tab, "document.querySelector('[data-testid=experiment-view-compare-runs-chart-modal-confirm]')")
        cards = "document.querySelectorAll('[data-testid=experiment-view-compare-runs-card]')"
        card = f"[...{cards}].find(e => e.innerText.startsWith('Image grid'))"
        click(tab, f"{card}?.querySelector('button')")  # its full screen
        time.sleep(SETTLE)
        save(tab, out / "mlflow_images.png")


def _best_run(address: str, model: str) -> tuple[str, str]:
    """Return the ids of the experiment and of the run in which the model did best."""
    store = MlflowClient(address)
    (experiment,) = store.search_experiments(filter_string="name != 'Default'")
    runs = store.search_runs(
        [experiment.experiment_id], f"tags.model = '{model}'", order_by=["metrics.`test/accuracy` DESC"]
    )
    return experiment.experiment_id, runs[0].info.run_id


def upload_page(browser: Browser, run: Path, out: Path) -> None:
    """`darkroom serve`, after an image was dropped on it."""
    with TemporaryDirectory() as folder, servers.darkroom(run) as address:
        images = Path(folder, "images")
        subprocess.run([sys.executable, "-m", "darkroom.cli", "unpack", "--to", images], cwd=run, check=True)
        tab = opened(browser, address, height=680)
        root = tab.ask("DOM.getDocument")["root"]["nodeId"]
        field = tab.ask("DOM.querySelector", nodeId=root, selector="#file")["nodeId"]
        tab.ask("DOM.setFileInputFiles", nodeId=field, files=[str(min(images.rglob("*.png")))])
        wait_until(tab, "!answer.hidden && image.complete")
        time.sleep(SETTLE)
        save(tab, out / "serve.png")
