"""A run has tags of the data, stage, experiment and commit that it comes from."""

from pathlib import Path

from darkroom.tracking import lineage

LOCK = """
schema: '2.0'
stages:
  preprocess:
    outs:
    - path: data/packed
      md5: 0123456789abcdef0123456789abcdef.dir
"""


def test_the_data_tag_is_the_md5_of_dvc(tmp_path, monkeypatch):
    (tmp_path / "dvc.lock").write_text(LOCK)
    monkeypatch.setenv("DVC_STAGE", "train")
    monkeypatch.setenv("DVC_EXP_NAME", "bold-cat")
    tags = lineage.tags(tmp_path / "dvc.lock", Path("data/packed"))
    expected = {"dvc.data": "0123456789abcdef0123456789abcdef.dir", "dvc.stage": "train", "dvc.experiment": "bold-cat"}
    assert tags.items() >= expected.items()


def test_what_is_unknown_has_no_tag(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # no git, no dvc.lock
    for name in ("DVC_STAGE", "DVC_EXP_NAME"):
        monkeypatch.delenv(name, raising=False)
    assert lineage.tags(tmp_path / "dvc.lock", Path("data/packed")) == {"dvc.path": "data/packed"}
    (tmp_path / "dvc.lock").write_text("stages: [")
    assert lineage.tags(tmp_path / "dvc.lock", Path("data/packed")) == {"dvc.path": "data/packed"}
