"""Links, anchors and images of README and of the site, and the params that they name."""

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from tests.docs.pages import GENERATED, PAGES, anchors, blocks, prose, spans

PARAMS = YAML(typ="safe").load(Path("presets/defaults.yaml").read_text())
FILES = set("csv html json npy onnx py tflite yaml yml zip".split())  # endings of files that are named like a section
NO_PARAMS = {
    "train.xla",  # what MLflow shows beside them
    "model.fit",  # of Keras
    "model.predict",
    "register.scoring",  # a module
    "validate.max_aspect",  # of an example in extending.md
}
CLICKS = 2  # from the start to the answer of a newcomer's question


def links(page: Path) -> list[str]:
    return re.findall(r"\]\((?!https?:)([^)\s]+)\)", prose(page))


def dotted(values: dict, prefix: str = "") -> set[str]:
    """Every key of the params, sections too, under its dotted name."""
    names = {f"{prefix}{key}" for key in values}
    return names.union(*(dotted(value, f"{prefix}{key}.") for key, value in values.items() if isinstance(value, dict)))


def nav(node) -> set[str]:
    """The pages in the navigation of the site."""
    if isinstance(node, str):
        return {node}
    return set().union(*(nav(child) for child in (node.values() if isinstance(node, dict) else node)))


def site() -> dict:
    text = re.sub(r"!ENV \[\w+, (.*?)\]", r"\1", Path("mkdocs.yml").read_text())
    return YAML(typ="safe").load(text)


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_link_leads_to_a_file_and_an_anchor_that_are_there(page):
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_picture_is_shown_and_is_made_by_the_tool():
    kept = {path.name for path in Path("docs/images").iterdir()}
    assert kept == {Path(link).name for page in PAGES for link in links(page) if "images/" in link}
    code = Path("tools/screenshots/pictures.py").read_text()
    assert all(Path(name).stem in code for name in kept)


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_no_image_is_larger_than_a_reader_waits_for(page):
    sizes = {link: (page.parent / link).stat().st_size for link in links(page) if "images/" in link}
    assert all(size < 150_000 for size in sizes.values())


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_no_link_of_the_site_leads_out_of_it(page):
    if page.parts[0] == "docs":
        inside = Path("docs").resolve()
        assert all((page.parent / link.partition("#")[0]).resolve().is_relative_to(inside) for link in links(page))


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_link_by_name_has_an_address_on_a_line_of_its_own(page):
    text = page.read_text()
    asked = set(re.findall(r"\]\[(\w+)\]", text))
    assert asked == set(re.findall(r"^\[(\w+)\]: \S+$", text, re.MULTILINE))


@pytest.mark.parametrize("page", [*PAGES, Path("CHANGELOG.md")], ids=str)
def test_a_line_has_at_most_120_characters(page):
    is_generated = page.is_relative_to(GENERATED)  # rows of a table cannot be broken
    assert is_generated or [line for line in page.read_text().splitlines() if len(line) > 120] == []


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_a_command_stands_at_the_start_of_its_line(page):
    """A block of shell that was filled like prose runs its commands together."""
    assert not re.search(r"^ {4,}(darkroom|mlflow|dvc|make) ", page.read_text(), re.M)


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_param_that_is_named_exists(page):
    code = " ".join([*spans(page), *blocks(page, "sh"), *blocks(page, "yaml")])
    names = {"".join(found) for found in re.findall(rf"(?<![\w./-])({'|'.join(PARAMS)})((?:\.[a-z_]\w*)+)", code)}
    wanted = {name for name in names if name.rpartition(".")[2] not in FILES}
    assert wanted - NO_PARAMS <= dotted(PARAMS)


def test_the_navigation_has_every_page_and_no_other():
    assert nav(site()["nav"]) == {page.relative_to("docs").as_posix() for page in PAGES if page.parts[0] == "docs"}


@pytest.mark.parametrize(
    "page", ["own_data.md", "comparing.md", "statistics.md", "serving.md", "retrain.md", "reference/exit_codes.md"]
)
def test_a_newcomers_question_is_answered_within_two_clicks_of_either_start(page):
    for start in (Path("README.md"), Path("docs/index.md")):
        reached = {start.resolve()}
        for _ in range(CLICKS):
            opened = [path for path in reached if path.suffix == ".md"]
            reached |= {(path.parent / link.partition("#")[0]).resolve() for path in opened for link in links(path)}
        assert Path("docs", page).resolve() in reached


def test_the_reasons_of_the_gate_that_are_explained_are_those_that_it_gives():
    (table,) = re.findall(r"^\| the reason says.*?\n\n", Path("docs/statistics.md").read_text(), re.M | re.S)
    code = "".join(Path(f"src/darkroom/register/{name}.py").read_text() for name in ("reasons", "promotion"))
    quoted = re.findall(r'^\| "(.*?)"', table, re.M)
    assert len(quoted) == 6 and all(words in code for words in quoted)


def test_a_status_that_is_shown_counts_the_stages_of_today():
    stages = len(YAML(typ="safe").load(Path("dvc.yaml").read_text())["stages"])
    shown = [(page, int(n)) for page in PAGES for n in re.findall(r"\d+ of (\d+) stages", page.read_text())]
    assert shown and {(page, n) for page, n in shown if n != stages} == set()
