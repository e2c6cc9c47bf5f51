"""Writes onnx/model.onnx: the smallest graph that Transformers.js takes for a Llama of one layer.

The next token depends on the last one alone (an embedding of 8 numbers and a matrix), but the graph has the
inputs and outputs of a decoder with a cache, and appends to it. Random weights of a fixed seed.
Run with: pip install onnx numpy; python make.py
"""

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

VOCABULARY, DIM = 640, 8
random = numpy.random.default_rng(1)


def weights(name, *shape):
    return numpy_helper.from_array(random.standard_normal(shape, dtype=numpy.float32), name)


def value(name, kind, *shape):
    return helper.make_tensor_value_info(name, kind, shape)


CACHE = ("batch", 1, "past", DIM)
GROWN = ("batch", 1, "total", DIM)
nodes = [
    helper.make_node("Gather", ["embedding", "input_ids"], ["hidden"]),
    helper.make_node("MatMul", ["hidden", "head"], ["logits"]),
    helper.make_node("Unsqueeze", ["hidden", "axis"], ["rows"]),
    helper.make_node("Concat", ["past_key_values.0.key", "rows"], ["present.0.key"], axis=2),
    helper.make_node("Concat", ["past_key_values.0.value", "rows"], ["present.0.value"], axis=2),
]
graph = helper.make_graph(
    nodes,
    "tiny",
    [
        value("input_ids", TensorProto.INT64, "batch", "length"),
        value("attention_mask", TensorProto.INT64, "batch", "total"),
        value("past_key_values.0.key", TensorProto.FLOAT, *CACHE),
        value("past_key_values.0.value", TensorProto.FLOAT, *CACHE),
    ],
    [
        value("logits", TensorProto.FLOAT, "batch", "length", VOCABULARY),
        value("present.0.key", TensorProto.FLOAT, *GROWN),
        value("present.0.value", TensorProto.FLOAT, *GROWN),
    ],
    [
        weights("embedding", VOCABULARY, DIM),
        weights("head", DIM, VOCABULARY),
        numpy_helper.from_array(numpy.array([1], dtype=numpy.int64), "axis"),
    ],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
onnx.checker.check_model(model)
onnx.save(model, "onnx/model.onnx")
