"""A cache file with any flipped bit counts as absent."""

import numpy as np

from darkroom.training import checksummed


def test_every_flipped_bit_and_every_cut_is_noticed(tmp_path):
    path = tmp_path / "a"
    checksummed.write(path, lambda file: file.write(b"content"))
    data = path.read_bytes()
    assert checksummed.content(path) == b"content"
    flips = [data[:i] + bytes([data[i] ^ 1 << bit]) + data[i + 1 :] for i in range(len(data)) for bit in range(8)]
    for damaged in [*flips, *(data[:end] for end in range(len(data))), data + b"\n", data * 2]:
        path.write_bytes(damaged)
        assert checksummed.content(path) is None


def test_a_folder_or_a_missing_file_is_absent(tmp_path):
    assert checksummed.content(tmp_path) is checksummed.content(tmp_path / "absent") is None


def test_numpy_ignores_the_checksum_behind_its_data(tmp_path):
    array = np.arange(5)
    checksummed.write(tmp_path / "a.npy", lambda file: np.save(file, array))
    checksummed.write(tmp_path / "a.npz", lambda file: np.savez(file, array=array))
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), array)
    with np.load(tmp_path / "a.npz") as arrays:
        np.testing.assert_array_equal(arrays["array"], array)
