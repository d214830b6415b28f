"""An ONNX file as the protocol sees it: tensors with names, datatypes and shapes."""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # Read when it is loaded; no test speaks to anybody outside.

import onnxruntime

# ONNX Runtime's names of types, and the protocol's.
DATATYPES = {"tensor(float)": "FP32", "tensor(uint8)": "UINT8"}


class OnnxSession:
    def __init__(self, path):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            path, options, providers=["CPUExecutionProvider"]
        )
        self.inputs = [describe(each) for each in self._session.get_inputs()]
        self.outputs = [describe(each) for each in self._session.get_outputs()]

    def run(self, tensors):
        """Takes and returns arrays by their names."""
        names = [each["name"] for each in self.outputs]
        return dict(zip(names, self._session.run(names, tensors)))


def describe(tensor):
    # A length without a number is any.
    shape = [length if isinstance(length, int) else -1 for length in tensor.shape]
    return {"name": tensor.name, "datatype": DATATYPES[tensor.type], "shape": shape}
