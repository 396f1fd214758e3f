"""novelty.held_out: what new images are compared with."""

import numpy as np
import pytest

from darkroom.novelty import array_file, held_out
from darkroom.novelty.held_out import HeldOut
from darkroom.runtime.errors import ArtifactError


def sample(n: int, d: int, k: int) -> HeldOut:
    rng = np.random.default_rng(n)
    probabilities = rng.dirichlet(np.ones(k), n)
    made = held_out.images(rng.uniform(0, 4000, (n, 6)), rng.random((n, d)), probabilities)
    return HeldOut(*made, rng.integers(0, k, n))


def test_the_likeliest_class_and_its_probability_are_kept():
    made = held_out.images(np.zeros((2, 6)), np.eye(2), np.array([[0.1, 0.9], [0.7, 0.3]]))
    assert made.predicted.tolist() == [1, 0] and made.confidence == pytest.approx([0.9, 0.7])


def test_features_are_a_direction_and_the_logarithm_of_a_length():
    made = held_out.images(np.zeros((3, 6)), np.array([[3.0, 4.0], [30.0, 40.0], [0.0, 0.0]]), np.ones((3, 1)))
    expected = [[0.6, 0.8, np.log(5)], [0.6, 0.8, np.log(50)], [0, 0, np.log(held_out.SHORTEST)]]
    np.testing.assert_allclose(made.features.astype(float), expected, rtol=1e-3)
    assert held_out.images(np.zeros((3, 6)), np.zeros((3, 0)), np.ones((3, 1))).features.shape == (3, 0)


def test_images_are_taken_evenly_and_so_keep_the_shares_of_classes():
    labels = np.repeat([0, 1, 2], [9000, 900, 100])
    rows = held_out.rows(len(labels))
    assert len(rows) == held_out.SAMPLE and (np.diff(rows) > 0).all()
    assert np.bincount(labels[rows]) == pytest.approx([900, 90, 10], abs=1)
    assert held_out.rows(7).tolist() == list(range(7))


def test_the_file_reads_back_and_stays_below_the_limit_for_any_network(tmp_path):
    made = sample(held_out.SAMPLE, 2048, 1000)
    data = held_out.to_bytes(made)
    assert data == held_out.to_bytes(made) and len(data) < array_file.LARGEST / 2
    (tmp_path / held_out.FILE).write_bytes(data)
    assert all((one == other).all() for one, other in zip(held_out.read(tmp_path), made, strict=True))


def test_a_model_of_an_earlier_release_is_exit_4_with_what_to_do(tmp_path):
    with pytest.raises(ArtifactError, match="earlier release") as caught:
        held_out.read(tmp_path)
    assert caught.value.exit_code == 4 and "dvc repro" in caught.value.fix


@pytest.mark.parametrize("content", [b"no zip", held_out.to_bytes(sample(3, 2, 2)._replace(labels=np.zeros(3)))])
def test_another_file_is_exit_4(tmp_path, content):
    (tmp_path / held_out.FILE).write_bytes(content)
    with pytest.raises(ArtifactError, match="not what darkroom writes"):
        held_out.read(tmp_path)


def test_arrays_of_different_lengths_are_exit_4(tmp_path):
    (tmp_path / held_out.FILE).write_bytes(held_out.to_bytes(sample(3, 2, 2)._replace(labels=np.zeros(2, np.int64))))
    with pytest.raises(ArtifactError, match="fit together"):
        held_out.read(tmp_path)
