"""A model is identified by its weights, configuration, classes and input, whatever file they lie in."""

import zipfile

import pytest

from darkroom.register import identity
from darkroom.runtime import files
from darkroom.saving.model_folder import MODEL


def test_equal_networks_have_equal_digests(model_folder):
    assert identity.digest(model_folder("one")) == identity.digest(model_folder("other"))


@pytest.mark.parametrize(
    "change", [{"label": 1}, {"tilt": 4.5}, {"classes": ("cat", "dot")}, {"fit": "pad"}, {"image_size": 9}]
)
def test_other_weights_classes_or_input_have_another_digest(model_folder, change):
    assert identity.digest(model_folder("one")) != identity.digest(model_folder("other", **change))


def test_a_limit_on_pixels_is_not_part_of_the_model(model_folder):
    assert identity.digest(model_folder("one")) == identity.digest(model_folder("other", max_pixels=5))


def test_a_file_zipped_again_is_the_same_model(model_folder, tmp_path):
    folder = model_folder("one")
    before, sha = identity.digest(folder), files.sha256(folder / MODEL)
    with zipfile.ZipFile(folder / MODEL) as archive:
        members = {name: archive.read(name) for name in reversed(archive.namelist())}
    with zipfile.ZipFile(folder / MODEL, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    assert files.sha256(folder / MODEL) != sha
    assert identity.digest(folder) == before


def test_a_network_is_hashed_once_while_its_file_stays_the_same(model_folder, monkeypatch):
    folder, calls, real = model_folder("one"), [], identity.keras_file.digest
    monkeypatch.setattr(identity.keras_file, "digest", lambda path: calls.append(path) or real(path))
    assert identity.digest(folder) == identity.digest(folder)
    assert len(calls) == 1
    before = identity.digest(folder)
    assert identity.digest(model_folder("one", label=1)) != before
