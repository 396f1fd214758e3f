"""The networks of the courses and of the textbooks, each as its source gives it: scaled images in, features out.

The last layer, one unit per class, is `io_layers.probabilities`. The numbers of parameters include it.
"""

from collections.abc import Callable

import keras
from keras import applications as apps
from keras import layers


def cats_dogs_cnn(x: keras.KerasTensor) -> keras.KerasTensor:
    """The cats-and-dogs course: 813,217 parameters at 64x64x3 with one sigmoid unit."""
    for _ in range(2):
        x = _pooled(_relu(x, 32, 3), 2)
    return layers.Dense(128, activation="relu")(layers.Flatten()(x))


def cifar10_convnet(x: keras.KerasTensor) -> keras.KerasTensor:
    """The CIFAR-10 course: 122,570 parameters at 32x32x3 with ten classes."""
    x = _pooled(_relu(x, 32, 3), 2)
    x = _pooled(_relu(x, 64, 3), 2)
    x = layers.Flatten()(_relu(x, 64, 3))
    return layers.Dense(64, activation="relu")(x)


def mnist_cnn(x: keras.KerasTensor) -> keras.KerasTensor:
    """The MNIST course: 542,230 parameters at 28x28x1 with ten classes."""
    x = layers.Flatten()(_pooled(_relu(x, 32, 3), 2))
    return layers.Dense(100, activation="relu")(x)


def lenet5(x: keras.KerasTensor) -> keras.KerasTensor:
    """LeCun et al., 1998, with all maps of C3 connected: 61,706 parameters at 28x28x1 with ten classes."""
    for filters, padding in ((6, "same"), (16, "valid")):
        x = layers.Conv2D(filters, 5, padding=padding, activation="tanh")(x)
        x = layers.AveragePooling2D(2)(x)
    x = layers.Flatten()(x)
    for units in (120, 84):
        x = layers.Dense(units, activation="tanh")(x)
    return x


def alexnet(x: keras.KerasTensor) -> keras.KerasTensor:
    """Krizhevsky et al., 2012, on one device and without local response normalisation, which has no parameters.

    62,378,344 parameters at 227x227x3 with 1,000 classes.
    """
    x = _pooled(_relu(x, 96, 11, strides=4), 3)
    x = _pooled(_relu(x, 256, 5, padding="same"), 3)
    return _wide(x)


def zfnet(x: keras.KerasTensor) -> keras.KerasTensor:
    """Zeiler and Fergus, 2013: AlexNet with smaller steps at the start.

    62,357,608 parameters at 225x225x3 with 1,000 classes.
    """
    x = _pooled(_relu(x, 96, 7, strides=2), 3, padding="same")
    x = _pooled(_relu(x, 256, 5, strides=2), 3, padding="same")
    return _wide(x)


def vgg16(x: keras.KerasTensor) -> keras.KerasTensor:
    """Simonyan and Zisserman, 2014: 138,357,544 parameters at 224x224x3 with 1,000 classes."""
    return _fully_connected(apps.VGG16(include_top=False, weights=None, input_tensor=x).output)


def vgg19(x: keras.KerasTensor) -> keras.KerasTensor:
    """Simonyan and Zisserman, 2014: 143,667,240 parameters at 224x224x3 with 1,000 classes."""
    return _fully_connected(apps.VGG19(include_top=False, weights=None, input_tensor=x).output)


def inception(x: keras.KerasTensor) -> keras.KerasTensor:
    """Inception v3, Szegedy et al., 2016: 23,851,784 parameters at 299x299x3 with 1,000 classes."""
    return apps.InceptionV3(include_top=False, weights=None, input_tensor=x, pooling="avg").output


def resnet(x: keras.KerasTensor) -> keras.KerasTensor:
    """ResNet-50, He et al., 2016: 25,636,712 parameters at 224x224x3 with 1,000 classes."""
    return apps.ResNet50(include_top=False, weights=None, input_tensor=x, pooling="avg").output


# The smallest image size that leaves something after every pooling, in pixels.
MIN_SIZE: dict[Callable, int] = {
    cats_dogs_cnn: 10,
    cifar10_convnet: 18,
    mnist_cnn: 4,
    lenet5: 12,
    alexnet: 67,
    zfnet: 55,
    vgg16: 32,
    vgg19: 32,
    inception: 75,
    resnet: 20,
}


def _relu(
    x: keras.KerasTensor, filters: int, kernel: int, strides: int = 1, padding: str = "valid"
) -> keras.KerasTensor:
    return layers.Conv2D(filters, kernel, strides, padding, activation="relu")(x)


def _pooled(x: keras.KerasTensor, size: int, padding: str = "valid") -> keras.KerasTensor:
    return layers.MaxPooling2D(size, strides=2, padding=padding)(x)


def _wide(x: keras.KerasTensor) -> keras.KerasTensor:
    """The part that AlexNet and ZFNet share: three convolutions, a pooling, and two layers with most parameters."""
    for filters in (384, 384, 256):
        x = _relu(x, filters, 3, padding="same")
    x = layers.Flatten()(_pooled(x, 3))
    for _ in range(2):
        x = layers.Dropout(0.5)(layers.Dense(4096, activation="relu")(x))
    return x


def _fully_connected(x: keras.KerasTensor) -> keras.KerasTensor:
    x = layers.Flatten()(x)
    for units in (4096, 4096):
        x = layers.Dense(units, activation="relu")(x)
    return x
