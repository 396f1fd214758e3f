"""Make every picture: python -m tools.screenshots RUN, where RUN is a clone in which `make run` has ended."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fixtures.browser import Browser

from tools.screenshots import pictures

OUT = Path("docs/images").resolve()
ALL = pictures.report, pictures.data, pictures.upload_page, pictures.mlflow, pictures.image_grid

if __name__ == "__main__":
    with TemporaryDirectory() as profile:
        browser = Browser(profile)
        for picture in ALL:
            picture(browser, Path(sys.argv[1]).resolve(), OUT)
        browser.close()
