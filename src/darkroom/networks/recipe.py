"""The one way in which a network is trained: the model, the trials of a search, the learning curve.

The order matters: the precision comes before anything is built, the seed after what might have used random numbers,
and the network is built in the same context in which it is trained.
"""

import math
from dataclasses import dataclass

from darkroom.networks import architectures, whitening
from darkroom.params import Augment, Fit, Model
from darkroom.training import checkpoint, device, fit, start_weights
from darkroom.training.device import Computation
from darkroom.training.session import Session, TrainingData
from darkroom.training.start_weights import StartWeights, TakenOver


@dataclass(frozen=True)
class Trained(fit.TrainedModel):
    """A network in float32, ready to be evaluated and saved, and how it was computed."""

    computation: Computation
    taken_over: TakenOver | None = None  # from the weights that it started from; None: all were random


def computation(config: Fit) -> Computation:
    """Set the precision that `train_network` trains in, and return how this machine computes such a training."""
    return Computation(device.compute_in(config.precision), device.xla())


def train_network(
    hparams: Model,
    data: TrainingData,
    config: Fit,
    augment: Augment,
    session: Session,
    start: StartWeights | None = None,
) -> Trained:
    """Build the network of `hparams` and train it, from random weights or from `start`. Resumes from `session.state`.

    One that starts from all the weights of another, but for new classes, is trained for half the epochs, rounded up.
    The network has the weights of the best epoch, or of the last, as `config.keep` says. Raises TrainingError (exit 7)
    when the loss is no longer finite or memory runs out, and ParamsError (exit 2) when the images are too small.
    """
    computed = computation(config)
    device.make_repeatable(session.seed)
    train = data.train
    with device.spread():
        network = architectures.build(
            hparams, shape=train.images.shape[1:], classes=len(train.classes), spec=train.spec
        )
        whitening.fit(network, train.images)
        taken = start_weights.take_over(network, train.classes, start) if start else None
        if taken and start_weights.is_whole(taken):
            config = config.model_copy(update={"epochs": math.ceil(config.epochs / 2)})
        rows = fit.fit(network, data, config, hparams, session, augment)
        finished = architectures.finished(network, hparams)
    return Trained(finished, rows, checkpoint.best_or_last(rows, config), computed, taken)
