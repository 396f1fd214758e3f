"""A project requires the darkroom that made it, whether that came from an index, a repository or a file."""

import json
from types import SimpleNamespace

import pytest

from darkroom.project import requirement

DIRECT = {  # what pip and uv record, https://packaging.python.org/en/latest/specifications/direct-url-data-structure/
    None: "darkroom[pipeline]==1.2",
    '{"url": "file:///wheels/darkroom-1.2-py3-none-any.whl", "archive_info": {}}': (
        "darkroom[pipeline] @ file:///wheels/darkroom-1.2-py3-none-any.whl"
    ),
    '{"url": "https://host/x.git", "vcs_info": {"vcs": "git", "requested_revision": "v1", "commit_id": "abc"}}': (
        "darkroom[pipeline] @ git+https://host/x.git@abc"
    ),
    '{"url": "https://host/x.git", "subdirectory": "lib", "vcs_info": {"vcs": "git", "commit_id": "abc"}}': (
        "darkroom[pipeline] @ git+https://host/x.git@abc#subdirectory=lib"
    ),
    '{"url": "file:///home/me/darkroom", "dir_info": {"editable": true}}': "darkroom[pipeline] @ file:///home/me/darkroom",
}


@pytest.fixture
def installed(monkeypatch):
    """A function that makes darkroom 1.2 installed, with the text of its direct_url.json."""

    def install(direct: str | None) -> None:
        record = SimpleNamespace(version="1.2", read_text=lambda name: direct)
        monkeypatch.setattr(requirement, "distribution", lambda name: record)

    return install


@pytest.mark.parametrize("direct", DIRECT)
def test_the_requirement_names_where_the_installed_darkroom_came_from(installed, direct):
    installed(direct)
    assert requirement.of_installed() == DIRECT[direct]
    assert requirement.is_of_this_machine(DIRECT[direct]) == ("file:" in json.dumps(direct))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("darkroom==1.1\n", "darkroom[pipeline]==1.2\n"),
        ("timm>=1\ndarkroom[s3,gpu]>=1.1  # ours\n", "timm>=1\ndarkroom[pipeline,s3,gpu]==1.2\n"),
        ("darkroom @ git+https://host/x.git@abc\ndarkroom-extra==1\n", "darkroom[pipeline]==1.2\ndarkroom-extra==1\n"),
        ("darkroom[s3, pipeline]==1.1\n", "darkroom[pipeline,s3]==1.2\n"),
        ("timm>=1\n", "darkroom[pipeline]==1.2\ntimm>=1\n"),
        ("", "darkroom[pipeline]==1.2\n"),
    ],
)
def test_an_upgrade_changes_the_line_of_darkroom_keeps_its_extras_and_no_other_line(installed, old, new):
    installed(None)
    assert requirement.updated(old) == new
