"""Every network that can be exported, with weights that make its probabilities depend on the image."""

CLASSES, CHANNELS = 10, 3
SIZES = {  # pixels
    "tunable": 32, "cats_dogs_cnn": 64, "cifar10_convnet": 32, "mnist_cnn": 28, "lenet5": 28, "alexnet": 67,
    "zfnet": 55, "vgg16": 32, "vgg19": 32, "inception": 75, "resnet": 32,
}  # fmt: skip
BACKBONES = (
    "efficientnet_lite0", "mobilenet-25", "mobilenet_v2-35", "mobilenet_v3_small", "efficientnet_b0", "convnext_tiny",
)  # fmt: skip
SIZE, INPUT_SIZE = 32, 64  # of the images, and as the backbone gets them
SPREAD = 0.5  # of the logits
LEARNING_RATE, LOSS, STEPS = 1e-3, 0.02, 100  # of the training, which ends at the loss or after the steps


def named(name: str):
    """The network with random weights."""
    from darkroom import params
    from darkroom.networks import architectures
    from darkroom.training import device

    device.make_repeatable(1)
    if name in SIZES:
        hparams = params.with_value(params.load().model, "architecture", name)
        return architectures.build(hparams, shape=(SIZES[name], SIZES[name], CHANNELS), classes=CLASSES, spec={})
    return _transferred(name)


def enliven(model, images) -> float:
    """Make the probabilities depend on the image; returns their spread.

    A network with batch norms is trained: at random weights it amplifies the last digits of a float32, layer by layer,
    until what Keras computes is 2e-05 away from what it computes in float64. Others get a last layer of larger weights.
    """
    import keras

    layers = list(model._flatten_layers())
    norms = [layer for layer in layers if isinstance(layer, keras.layers.BatchNormalization)]
    if norms:
        _train(model, images, norms)
    else:
        _spread([layer for layer in layers if isinstance(layer, keras.layers.Dense)][-1], model, images)
    return float(model.predict_on_batch(images).std(0).max())


def from_float64(model, probabilities, images) -> float:
    """The largest difference of `probabilities` from what the network gives when all of it computes in float64."""
    import keras
    import numpy as np

    twin = keras.models.model_from_json(model.to_json().replace('"float32"', '"float64"'))
    twin.set_weights([weights.astype(np.float64) for weights in model.get_weights()])
    return float(np.abs(np.asarray(twin(images, training=False)) - probabilities).max())


def _transferred(name: str):
    from darkroom import params
    from darkroom.transfer_learning import backbones, head_training

    choice = backbones.choose(name, width=1.0, size=INPUT_SIZE)
    extractor = backbones.extractor(choice, choice.build(), shape=(SIZE, SIZE, CHANNELS))
    hparams = head_training.combinations(params.load().transfer.head)[0]
    return head_training.joined(extractor, head_training.build(extractor.output_shape[-1], CLASSES, hparams))


def _train(model, images, norms) -> None:
    """Train all layers until they tell the images apart, and give the batch norms the statistics of these images."""
    import keras
    import numpy as np

    labels = np.arange(len(images)) % CLASSES
    model.trainable = True
    pupil = keras.Model(model.inputs, model.outputs)  # of the same layers: an optimizer would be saved with its model
    pupil.compile(keras.optimizers.Adam(LEARNING_RATE), "sparse_categorical_crossentropy")
    for _ in range(STEPS):
        if pupil.train_on_batch(images, labels) < LOSS:
            break
    before = [layer.momentum for layer in norms]
    for layer in norms:
        layer.momentum = 0.0
    model(images, training=True)
    for layer, momentum in zip(norms, before, strict=True):
        layer.momentum = momentum


def _spread(last, model, images) -> None:
    """Scale the weights of the last layer until the logits differ from image to image by SPREAD."""
    import numpy as np

    for _ in range(4):  # at first the logits may differ by less than a float32 can tell
        logits = np.log(np.maximum(model.predict_on_batch(images), 1e-30))
        last.kernel.assign(last.kernel * min(1000.0, SPREAD / max(logits.std(0).max(), 1e-7)))
