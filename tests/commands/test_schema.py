"""schema: what an editor says about params.yaml is what `params.check` says."""

import json

import pytest
from jsonschema import Draft7Validator

from darkroom import params, paths, plain_yaml
from darkroom.commands import presets, schema

DEFAULTS = (paths.PRESETS / "defaults.yaml").read_text()
SCHEMA = schema.schema(DEFAULTS)
VALIDATOR = Draft7Validator(SCHEMA)
FILES = [paths.PARAMS, *sorted(paths.PRESETS.glob("*.yaml"))]


def described(node: dict, name: str = "") -> dict[str, str]:
    """The description of each key, by its dotted name, without those of the search space."""
    found = {name: node["description"]} if "description" in node else {}
    for key, value in node.get("properties", {}).items() if name != "tune.space" else ():
        found |= described(value, f"{name}.{key}".strip("."))
    return found


def test_the_committed_schema_is_that_of_the_code():
    assert json.loads(paths.SCHEMA.read_text()) == SCHEMA, "write it anew: darkroom schema"
    Draft7Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", FILES, ids=str)
def test_each_file_of_params_is_valid_and_names_the_schema_beside_it(path):
    assert list(VALIDATOR.iter_errors(plain_yaml.load(path) or {})) == []
    line = path.read_text().splitlines()[0]
    assert (path.parent / line.removeprefix("# yaml-language-server: $schema=")).resolve() == paths.SCHEMA.resolve()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("epochs: 20", "epoch: 40"),
        ("epochs: 20", "epochs: 0"),
        ("epochs: 20", "epochs: '40'"),
        ("color: grayscale", "color: grey"),
        ("units: [128]", "units: []"),
        ("filters: [8, 16]", "filters: [16, -3]"),
        ("filters: [8, 16]", "filter: [16]"),
        ("batch_size: 64 ", "batch_size: automatic "),
        ("name: digits ", "name: a/b "),
    ],
)
def test_a_mistake_that_params_check_finds_is_marked(old, new):
    values = plain_yaml.parse(DEFAULTS.replace(old, new, 1))
    assert values != plain_yaml.parse(DEFAULTS)
    with pytest.raises(params.ParamsError):
        params.check(values, where=paths.PARAMS)
    assert list(VALIDATOR.iter_errors(values))


def test_each_comment_of_the_defaults_describes_its_key():
    descriptions = described(SCHEMA)
    assert descriptions == dict(schema.comments(DEFAULTS)) and len(descriptions) > 80
    assert descriptions["validate.max_seconds"].startswith("of processor time to decode one image")
    assert descriptions["transfer.fine_tune.patience"] == "epochs without a lower validation loss"


def test_params_written_elsewhere_name_the_schema_from_there(tmp_path):
    (tmp_path / "presets").mkdir()
    for name in ("defaults", "digits"):
        (tmp_path / f"presets/{name}.yaml").write_text((paths.PRESETS / f"{name}.yaml").read_text())
    presets.use("digits", tmp_path / "presets", tmp_path / "params.yaml")
    first, *_ = (tmp_path / "params.yaml").read_text().splitlines()
    assert first == "# yaml-language-server: $schema=presets/params.schema.json"
