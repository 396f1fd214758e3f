"""Features are computed once per image, whatever was killed, added or moved, and are the same every time."""

import ast
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from darkroom.runtime.errors import TrainingError
from darkroom.training import augment as augmentation
from darkroom.training import checksummed, device
from darkroom.transfer_learning import features

pytestmark = pytest.mark.slow


@pytest.fixture
def extractor():
    """A function that makes a small network uint8 `(b, 8, 8, 1)` to `(b, 5)`; another seed, other weights."""

    def make(seed=1):
        keras.utils.set_random_seed(seed)
        pixels = keras.Input((8, 8, 1), dtype="uint8")
        x = layers.Conv2D(5, 3, activation="relu")(layers.Rescaling(1 / 255)(pixels))
        return keras.Model(pixels, layers.GlobalAveragePooling2D()(x))

    return make


@pytest.fixture
def cache(extractor, tmp_path):
    """A function that opens the same cache again."""
    return lambda seed=1, identity="a": features.FeatureCache(extractor(seed), tmp_path, identity)


@pytest.fixture
def images(painted):
    return painted(400, 1).images


@pytest.fixture
def augment(changes):
    return changes(rotation=20.0, shift=0.1)


def written(folder) -> int:
    return len(list(folder.glob("*.npy")))


def test_features_are_what_the_network_gives(cache, extractor, images):
    np.testing.assert_allclose(cache().read(images), extractor().predict(images, verbose=0), atol=1e-6)


def test_where_each_shape_is_compiled_there_is_one_and_the_features_are_the_same(cache, images, augment, monkeypatch):
    expected = cache().read(images)
    shapes = set()
    again = cache(identity="b")
    predict = again.extractor.predict_on_batch
    again.extractor.predict_on_batch = lambda batch: (shapes.add(batch.shape), predict(batch))[1]
    monkeypatch.setattr(device, "compiles_each_shape", lambda: True)
    np.testing.assert_allclose(again.read(images), expected, atol=1e-6)
    assert again.read(images, augment, seed=1, copy=1).shape == expected.shape
    assert shapes == {(features.BATCH, 8, 8, 1)}


def test_copies_of_images_whose_flip_alternates_are_mirrored_in_turn(cache, images, changes, monkeypatch):
    seen = []

    def changed(images, changing, draw):
        seen[-1].append(np.rint(np.asarray(changing(images, training=True))))
        return images

    monkeypatch.setattr(features, "_changed", changed)
    for copy in (1, 2):
        seen.append([])
        cache().read(images, changes(flip_horizontal="alternate"), seed=1, copy=copy)
    for one, other in zip(*seen, strict=True):
        np.testing.assert_array_equal(one, other[:, :, ::-1])


def test_the_second_time_nothing_is_computed(cache, images):
    """The second cache has another network under the same name, and yet gives the features of the first."""
    first = cache(seed=2).read(images)
    np.testing.assert_array_equal(cache(seed=1).read(images), first)


def test_another_network_has_features_of_its_own(cache, images):
    assert np.abs(cache(identity="a").read(images) - cache(seed=2, identity="b").read(images)).max() > 0.01


def test_reordered_images_have_the_same_features(cache, images, augment, tmp_path):
    order = np.random.default_rng(0).permutation(len(images))
    for config in (None, augment):
        before = cache().read(images, config, seed=1, copy=1)
        before_count = written(tmp_path)
        np.testing.assert_array_equal(cache().read(images[order], config, seed=1, copy=1), before[order])
        assert written(tmp_path) == before_count


def test_an_added_image_costs_its_own_group_only(cache, images, augment, tmp_path):
    before = cache().read(images[:-1], augment, seed=1, copy=1)
    before_count = written(tmp_path)
    after = cache().read(images, augment, seed=1, copy=1)
    assert 1 <= written(tmp_path) - before_count <= 2  # two where the new image divides its group
    moved = (after[:-1] != before).any(axis=1).sum()
    assert moved < len(images) / before_count * 6  # sizes are geometric: six times the mean is exceeded once in 400


def test_equal_images_have_equal_features(cache, images):
    twice = np.concatenate([images, images[:50]])
    np.testing.assert_allclose(cache().read(twice)[400:], cache().read(twice)[:50], atol=1e-6)


def test_a_copy_is_changed_and_each_copy_and_seed_in_another_way(cache, images, augment):
    copies = [cache().read(images, augment, seed=seed, copy=copy) for seed, copy in ((1, 1), (1, 2), (2, 1))]
    for i, one in enumerate(copies):
        for other in [cache().read(images), *copies[:i]]:
            assert np.abs(one - other).mean() > 1e-4


def test_a_copy_follows_from_its_seed_and_number(extractor, images, augment, tmp_path):
    a, b = (
        features.FeatureCache(extractor(), tmp_path / name, "a").read(images, augment, seed=3, copy=1) for name in "ab"
    )
    np.testing.assert_array_equal(a, b)


def test_a_copy_is_the_same_whichever_version_of_the_code_reads_it(extractor, images, augment, tmp_path):
    """The version is part of the identity, which names the files."""
    a, b = (
        features.FeatureCache(extractor(), tmp_path, version).read(images, augment, seed=3, copy=1) for version in "ab"
    )
    np.testing.assert_array_equal(a, b)
    assert written(tmp_path) > 0 == written(tmp_path) % 2


def test_after_a_kill_only_what_is_missing_or_damaged_is_computed(cache, images, augment, tmp_path):
    complete = cache().read(images, augment, seed=1, copy=1)
    files = sorted(tmp_path.glob("*.npy"))
    files[0].unlink()
    files[1].write_bytes(files[1].read_bytes()[:50])
    data = bytearray(files[2].read_bytes())
    data[200] ^= 1  # in a feature
    files[2].write_bytes(data)
    times = {path: path.stat().st_mtime_ns for path in files[3:]}
    np.testing.assert_array_equal(cache().read(images, augment, seed=1, copy=1), complete)
    assert {path: path.stat().st_mtime_ns for path in files[3:]} == times


def test_a_damaged_file_is_replaced_by_what_a_machine_computes_that_does_not_see_it(
    cache, images, tmp_path, monkeypatch
):
    complete = cache().read(images)
    damaged = sorted(tmp_path.glob("*.npy"))[0]
    damaged.write_bytes(damaged.read_bytes()[:50])

    def elsewhere(call, read, items):
        context = read()
        with monkeypatch.context() as patch:
            patch.setattr(features, "_keep", lambda *_: None)
            results = [call(context, item) for item in items]
        return iter(results)

    monkeypatch.setattr(features.engine, "each", elsewhere)
    np.testing.assert_array_equal(cache().read(images), complete)
    assert checksummed.intact(damaged)


def test_the_name_of_what_is_cached_follows_from_all_code_that_decides_the_pixels_of_a_copy():
    """Mixing needs pairs, of which no copy is made, and the libraries that compute name each file anyway."""
    folder, other = Path(augmentation.__file__).parent, {"mixing", "device"}
    code, new = set(), {"augment", "draws"}
    while new:
        code |= new
        new = {name for module in new for name in imported(folder / f"{module}.py")} - code - other
    assert code | {"features"} == {Path(file).stem for file in features.CODE}


def imported(module: Path) -> set[str]:
    """The modules of `darkroom.training` that a module imports."""
    found = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "darkroom.training":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("darkroom.training."):
            found.add(node.module.rpartition(".")[2])
    return found


def test_memory_that_runs_out_is_a_training_error_that_names_the_size_to_lower(cache, images, monkeypatch):
    def exhausted(*_):
        raise MemoryError

    monkeypatch.setattr(keras.Model, "predict_on_batch", exhausted)
    with pytest.raises(TrainingError, match="with 64 inputs of 8 x 8 x 1 .* fix: set transfer.input_size lower"):
        cache().read(images)


def test_sweeping_leaves_what_was_read_since(cache, images, tmp_path):
    cache().read(images)
    before_count = written(tmp_path)
    later = cache()
    later.read(images[:200])
    later.sweep()
    assert 0 < written(tmp_path) < before_count
    left = set(tmp_path.glob("*.npy"))
    later.read(images[:200])
    assert set(tmp_path.glob("*.npy")) == left
