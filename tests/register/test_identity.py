"""shipping.identity: a model is its weights, its configuration and its input, whatever file they lie in."""

import zipfile

import pytest

from darkroom.register import identity
from darkroom.runtime import files


def test_equal_networks_have_equal_digests(model_folder):
    assert identity.digest(model_folder("one")) == identity.digest(model_folder("other"))


@pytest.mark.parametrize(
    "change", [{"label": 1}, {"tilt": 4.5}, {"classes": ("cat", "dot")}, {"fit": "pad"}, {"image_size": 9}]
)
def test_other_weights_classes_or_input_have_another_digest(model_folder, change):
    assert identity.digest(model_folder("one")) != identity.digest(model_folder("other", **change))


def test_a_limit_on_pixels_is_not_part_of_the_model(model_folder):
    assert identity.digest(model_folder("one")) == identity.digest(model_folder("other", max_pixels=5))


def test_a_zip_packed_anew_is_the_same_model(model_folder, tmp_path):
    folder = model_folder("one")
    before, sha = identity.digest(folder), files.sha256(folder / "model.keras")
    with zipfile.ZipFile(folder / "model.keras") as archive:
        members = {name: archive.read(name) for name in reversed(archive.namelist())}
    with zipfile.ZipFile(folder / "model.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    assert files.sha256(folder / "model.keras") != sha
    assert identity.digest(folder) == before
