"""When memory runs out, one line says what to make smaller."""

import pytest

from darkroom.runtime.errors import TrainingError
from darkroom.training import memory


class ResourceExhaustedError(Exception):
    """As TensorFlow calls it."""


class OutOfMemoryError(RuntimeError):
    """As PyTorch calls it."""


@pytest.mark.parametrize(
    "fault",
    [
        MemoryError("Unable to allocate 9 TiB"),
        ResourceExhaustedError("OOM when allocating tensor with shape[64,160,160,32]"),
        OutOfMemoryError("CUDA out of memory"),
        RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 9 bytes"),  # as JAX says it
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_each_backend_running_out_is_exit_7_with_the_sizes_and_what_helps(fault):
    with pytest.raises(TrainingError) as caught, memory.limited(64, (160, 160, 3), fix=memory.smaller(64)):
        raise fault
    assert caught.value.exit_code == 7
    assert "memory ran out with 64 inputs of 160 x 160 x 3 at a time" in str(caught.value)
    assert "fix: set batch_size to 32; if that is not enough, use smaller images" in str(caught.value)


def test_a_batch_of_one_image_is_not_made_smaller():
    assert memory.smaller(1) == "use smaller images or a smaller network"


def test_another_error_is_not_touched():
    with pytest.raises(ValueError, match="shapes"), memory.limited(1, (), fix=""):
        raise ValueError("shapes do not fit")
