"""README, CONTRIBUTING and the pages of the site, as the tests read them."""

import re
from pathlib import Path

PAGES = [Path("README.md"), Path("CONTRIBUTING.md"), *sorted(Path("docs").rglob("*.md"))]
GENERATED = Path("docs/reference")


def prose(page: Path) -> str:
    """The page without its blocks of code."""
    return re.sub(r"^(```+).*?^\1$", "", page.read_text(), flags=re.M | re.S)


def spans(page: Path) -> list[str]:
    """What stands between single backticks, each on one line."""
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose(page))]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.M | re.S)


def anchors(page: Path) -> set[str]:
    """Where a link may lead: the headings, as both GitHub and the site name them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
