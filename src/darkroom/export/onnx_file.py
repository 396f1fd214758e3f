"""A model as an ONNX file.

tf2onnx logs what it cannot convert and returns a file that no program opens, so its result is searched for operations
that ONNX does not have. Two that networks have are rewritten exactly: erfc(x), of the GELU in ConvNeXt, is 1 - erf(x);
a grouped convolution, which Keras hands to XLA in a function of its own, is traced as the plain operation that it is.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from darkroom.export import refusals, tracing
from darkroom.saving.export_folder import BATCH

if TYPE_CHECKING:
    import keras
    import onnx

Rewrite = Callable[[Any, Any, str, list[object]], None]  # takes graph, node, its name, and more where asked for

OPSET = 18  # the newest that tf2onnx 1.17 writes


def write(model: "keras.Model", path: Path, metadata: Mapping[str, str]) -> None:
    """Write `model`. Raises ArtifactError (exit 4) naming the operations that ONNX lacks."""
    import onnx

    converted = _converted(model)
    if ops := {node.op_type for node in converted.graph.node if not onnx.defs.has(node.op_type, node.domain)}:
        raise refusals.unsupported(ops, "onnx")
    name_batch(converted)
    onnx.helper.set_model_props(converted, dict(metadata))
    onnx.checker.check_model(converted, full_check=True)
    onnx.save(converted, path)


def name_batch(model: "onnx.ModelProto") -> None:
    """Name the first dimension of input and output, and forget shapes in between: they have other names for it."""
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = BATCH
    del model.graph.value_info[:]


def _converted(model: "keras.Model") -> "onnx.ModelProto":
    import tensorflow as tf
    import tf2onnx

    network = tracing.function(model)
    with _functions_inlined():
        traced = network.get_concrete_function()  # kept, and found again by tf2onnx
    rewritten: dict[str, tuple[Rewrite, list[object]]] = {"Erfc": (_erfc, [])}
    converted, _ = tf2onnx.convert.from_function(
        network, network.input_signature, opset=OPSET, custom_op_handlers=rewritten
    )
    values = {inner.name: outer.numpy() for outer, inner in traced.graph.captures if outer.dtype != tf.resource}
    _fill_in(converted, values)
    return converted


def _fill_in(model: "onnx.ModelProto", values: Mapping[str, np.ndarray]) -> None:
    """Make constants of what tf2onnx takes for inputs: arrays that are no weights, as in a layer Normalization."""
    import onnx

    constants = [value for value in model.graph.input if value.name in values]
    for constant in constants:
        model.graph.initializer.append(onnx.numpy_helper.from_array(values[constant.name], constant.name))
        model.graph.input.remove(constant)


@contextmanager
def _functions_inlined() -> Iterator[None]:
    """Within the block, a function that is called while another is traced becomes a part of that one."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(False)


def _erfc(graph: Any, node: Any, name: str, arguments: list[object]) -> None:
    """Put 1 - Erf in the place of a node Erfc; the parameters are those that tf2onnx passes."""
    one, erf = graph.make_const(f"{name}_one", np.float32(1)), graph.make_node("Erf", node.input)
    graph.remove_node(name)
    graph.make_node("Sub", [one.output[0], erf.output[0]], outputs=node.output, name=name)
