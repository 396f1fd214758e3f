"""The site is built without a warning, is found by its search, and keeps its earlier versions."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from tools import site_versions

PROGRAM = Path(".venv-docs/bin/zensical")
LOCK = Path("docs/requirements.txt")
WORKFLOW = YAML(typ="safe").load(Path(".github/workflows/docs.yml").read_text())


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The site, built from a copy."""
    program = PROGRAM.resolve() if PROGRAM.exists() else shutil.which("zensical")
    if not program:
        pytest.skip("no Zensical: `make docs` installs it")
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree("docs", folder / "docs")
    shutil.copy("mkdocs.yml", folder)
    done = subprocess.run([program, "build", "--strict"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "site"


def test_every_page_is_built_and_asks_no_other_host(built):
    pages = list(built.rglob("index.html"))
    assert len(pages) == len(list(Path("docs").rglob("*.md")))
    for page in pages:
        assert not re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="https?://(?!127\.0\.0\.1)', page.read_text()), (
            page
        )


@pytest.mark.parametrize("words", ["confusion matrix", "exit code 3", "s3", "not promoted", "e_leakage"])
def test_the_index_of_the_search_has_what_people_look_for(built, words):
    items = json.loads((built / "search.json").read_text())["items"]
    assert [item for item in items if words in re.sub("<.*?>", "", f"{item['title']} {item['text']}").lower()]


def test_every_package_of_the_generator_is_pinned_by_its_hash():
    blocks = re.findall(r"^(\S.*?)(?=^\S|\Z)", LOCK.read_text(), re.M | re.S)
    assert len(blocks) >= 5 and all("==" in block and "--hash=sha256:" in block for block in blocks)
    assert not [line for line in Path("pyproject.toml").read_text().splitlines() if "zensical" in line]


def publish(tmp_path: Path, *versions: str) -> Path:
    pages = tmp_path / "pages"
    pages.mkdir()
    for version in versions:
        site = tmp_path / f"site-{version}"
        site.mkdir()
        (site / "index.html").write_text(version)
        site_versions.main(site, pages, version)
    return pages


def test_a_release_keeps_the_earlier_ones_and_latest_is_the_newest(tmp_path):
    pages = publish(tmp_path, "dev", "v0.9.0", "v0.10.0", "v0.9.1")
    shown = {path.parent.name: path.read_text() for path in pages.glob("*/index.html")}
    assert shown == {"dev": "dev", "0.9": "v0.9.1", "0.10": "v0.10.0", "latest": "v0.10.0"}
    listed = json.loads((pages / "versions.json").read_text())
    assert [(entry["version"], entry["aliases"]) for entry in listed] == [
        ("0.10", ["latest"]),
        ("0.9", []),
        ("dev", []),
    ]
    assert "url=latest/" in (pages / "index.html").read_text()


def test_before_the_first_release_the_site_is_that_of_main(tmp_path):
    assert "url=dev/" in (publish(tmp_path, "dev") / "index.html").read_text()


@pytest.mark.parametrize("version", ["", "../x", "v1", "main", "v1.2.3/.."])
def test_what_is_no_version_becomes_no_folder(tmp_path, version):
    with pytest.raises(ValueError, match="expected dev or a tag"):
        site_versions.main(tmp_path, tmp_path / "pages", version)


def test_only_the_job_that_builds_nothing_may_write_and_only_after_a_push():
    jobs = WORKFLOW["jobs"]
    assert WORKFLOW["permissions"] == {} and "secrets." not in str(WORKFLOW)
    assert {name: job["permissions"] for name, job in jobs.items()} == {
        "build": {"contents": "read"},
        "publish": {"contents": "write"},
    }
    assert jobs["publish"]["if"] == "${{ github.event_name == 'push' }}" and "make" not in str(jobs["publish"])
