"""A damaged or forged model folder with a matching inventory: exit 4, one line, and none of its code runs."""

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from darkroom.inference import inference, model_check
from darkroom.runtime import files, sealing
from darkroom.runtime.errors import ArtifactError
from darkroom.saving.model_folder import CLASSES, MODEL

RAN = []


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewrite(folder: Path, contents: dict[str, bytes]) -> None:
    with zipfile.ZipFile(folder / MODEL, "w") as archive:
        for name, data in contents.items():
            archive.writestr(name, data)


def in_config(change):
    """A damage: `change` edits the parsed config.json."""

    def damage(folder):
        contents = members(folder / MODEL)
        config = json.loads(contents["config.json"])
        change(config, config["config"]["layers"])
        rewrite(folder, contents | {"config.json": json.dumps(config).encode()})

    return damage


def in_spec(**changes):
    """A damage: other values for keys of classes.json, or no such keys for None."""

    def damage(folder):
        spec = files.read_json(folder / CLASSES) | changes
        files.write_json(folder / CLASSES, {key: value for key, value in spec.items() if value is not None})

    return damage


def model(build):
    """A damage: another network, saved by Keras."""

    def damage(folder):
        import keras

        build(keras).save(folder / MODEL)

    return damage


def saved_as_h5(folder):
    import keras

    keras.models.load_model(folder / MODEL, compile=False).save(folder / "model.h5")
    (folder / "model.h5").replace(folder / MODEL)


def nothing_but(keras, layer):
    inputs = keras.Input((8, 8, 1), dtype="uint8")
    return keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(layer(inputs))))


def registered(keras):
    @keras.saving.register_keras_serializable("strange")
    class Known(keras.layers.Layer):
        def call(self, x):
            RAN.append("call")
            return x

    return nothing_but(keras, Known())


def entry(name, module, config, registered=None):
    return {"class_name": name, "module": module, "config": config, "registered_name": registered, "name": "x"}


def flip(name, position):
    def damage(folder):
        data = bytearray((folder / name).read_bytes())
        data[position % len(data)] ^= 4
        (folder / name).write_bytes(data)

    return damage


BAD = {
    "a Lambda": model(lambda keras: nothing_but(keras, keras.layers.Lambda(lambda x: RAN.append(1) or x))),
    "a class that is registered here": model(registered),
    "a class that is not": in_config(lambda c, layers: layers.append(entry("Evil", "evil", {}, "evil>Evil"))),
    "a function": in_config(lambda c, layers: layers.append(entry("function", "os", "system"))),
    "a download": in_config(lambda c, layers: layers.append(entry("function", "keras.utils", "get_file"))),
    "Python's builtins": in_config(lambda c, layers: layers.append(entry("exec", "builtins", {}))),
    "a lambda for an activation": in_config(lambda c, layers: layers[-1]["config"].update(
        activation={"class_name": "__lambda__", "config": {"value": "x"}})),
    "a layer of a SavedModel": in_config(lambda c, layers: layers.append(
        entry("TFSMLayer", "keras.layers", {"filepath": "/tmp"}))),
    "a vocabulary in a file": in_config(lambda c, layers: layers.append(
        entry("StringLookup", "keras.layers", {"vocabulary": "/etc/passwd"}))),
    "a layer larger than memory": in_config(lambda c, layers: layers[-1]["config"].update(units=10**9)),
    "a layer of no size": in_config(lambda c, layers: layers[-1]["config"].update(units=-1)),
    "no layers": in_config(lambda c, layers: layers.clear()),
    "a config nested deeply": lambda folder: rewrite(
        folder, members(folder / MODEL) | {"config.json": b"[" * 100_000}),
    "a config that is a list": lambda folder: rewrite(
        folder, members(folder / MODEL) | {"config.json": b"[1]"}),
    "a file too many": lambda folder: rewrite(folder, members(folder / MODEL) | {"assets/x": b""}),
    "no weights": lambda folder: rewrite(
        folder, {name: data for name, data in members(folder / MODEL).items() if "weights" not in name}),
    "weights that are noise": lambda folder: rewrite(
        folder, members(folder / MODEL) | {"model.weights.h5": b"x" * 9000}),
    "weights of another network": lambda folder: rewrite(folder, members(folder / MODEL) | {
        "model.weights.h5": members(folder / MODEL)["model.weights.h5"].replace(b"dense", b"dance")}),
    "an HDF5 file": saved_as_h5,
    "a truncated file": lambda folder: (folder / MODEL).write_bytes((folder / MODEL).read_bytes()[:-9]),
    "an empty file": lambda folder: (folder / MODEL).write_bytes(b""),
    "noise": lambda folder: (folder / MODEL).write_bytes(b"noise" * 99),
    "a bit flipped": flip(MODEL, 9000),
    "two inputs": model(lambda keras: keras.Model(
        ins := [keras.Input((8, 8, 1), dtype="uint8"), keras.Input((2,))], keras.layers.Identity()(ins[1]))),
    "floats for pixels": model(lambda keras: nothing_but(keras, lambda x: x) and keras.Sequential(
        [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(2)])),
    "classes of another number": in_spec(classes=["a", "b", "c"]),
    "classes that are equal": in_spec(classes=["a", "a"]),
    "classes that are a text": in_spec(classes="ab"),
    "classes that are numbers": in_spec(classes=[1, 2]),
    "no classes": in_spec(classes=None),
    "a huge image_size": in_spec(image_size=200_000),
    "another image_size": in_spec(image_size=16),
    "an image_size that is a text": in_spec(image_size="8"),
    "another colour": in_spec(color="rgb"),
    "an unknown colour": in_spec(color="mauve"),
    "an unknown fit": in_spec(fit=["stretch"]),
    "no limit on pixels": in_spec(max_pixels=None),
    "a spec that is a list": lambda folder: (folder / CLASSES).write_text("[1]"),
    "a spec that is noise": lambda folder: (folder / CLASSES).write_bytes(b"\xff\x00"),
    "no spec": lambda folder: (folder / CLASSES).unlink(),
    "no network": lambda folder: (folder / MODEL).unlink(),
    "a folder for a network": lambda folder: ((folder / MODEL).unlink(), (folder / MODEL).mkdir()),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::UserWarning")  # Keras on saving Lambdas and HDF5
@pytest.mark.parametrize("damage", BAD.values(), ids=BAD)
def test_a_bad_model_with_a_matching_inventory_is_exit_4_and_runs_nothing(model_folder, damage):
    folder = model_folder("cnn")
    damage(folder)
    sealing.seal(folder)
    RAN.clear()
    with pytest.raises(ArtifactError) as caught:
        inference.load(folder)
    assert caught.value.exit_code == 4 and str(caught.value).count("\n") == 0 and not RAN


def test_the_error_of_an_unloadable_model_names_the_keras_that_saved_it(model_folder):
    folder = model_folder("cnn")
    contents = members(folder / MODEL)
    config = json.loads(contents["config.json"])
    config["config"]["layers"][-1]["config"]["a_setting_of_the_future"] = 1
    metadata = json.dumps({"keras_version": "9.9.9", "date_saved": ""}).encode()
    rewrite(folder, contents | {"config.json": json.dumps(config).encode(), "metadata.json": metadata})
    sealing.seal(folder)
    with pytest.raises(ArtifactError, match=r"saved by Keras 9\.9\.9, here is 3\."):
        inference.load(folder)


def test_a_network_larger_than_its_weights_is_refused_before_it_is_built(model_folder):
    import keras

    folder = model_folder("cnn")
    in_config(lambda c, layers: layers[-1]["config"].update(units=10**9))(folder)
    original = keras.layers.Layer.add_weight
    with pytest.raises(ValueError, match="larger than its weights"), model_check.limit_parameters(folder / MODEL):
        keras.models.load_model(folder / MODEL, compile=False)
    assert keras.layers.Layer.add_weight is original


def test_the_same_weights_come_back(model_folder, tmp_path):
    folder = model_folder("cnn", label=1)
    shutil.copytree(folder, tmp_path / "copy")
    (loaded, spec), (again, _) = inference.load(folder), inference.load(tmp_path / "copy")
    for mine, theirs in zip(loaded.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert spec["classes"] == ["cat", "dog"]
