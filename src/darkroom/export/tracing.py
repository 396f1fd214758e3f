"""The function that every format is made from: `images` to `probabilities`, for batches of any size."""

from typing import TYPE_CHECKING

from darkroom.saving.export_folder import IMAGES, PROBABILITIES

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


def function(model: "keras.Model") -> "tf.types.experimental.PolymorphicFunction":
    """Return `model` as a function of TensorFlow that is traced when it is first needed."""
    import tensorflow as tf

    signature = tf.TensorSpec((None, *model.input_shape[1:]), tf.uint8, name=IMAGES)
    # training=False: what a layer does else depends on who calls it
    return tf.function(
        lambda images: {PROBABILITIES: model(images, training=False)}, input_signature=[signature], autograph=False
    )
