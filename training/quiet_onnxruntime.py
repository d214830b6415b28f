"""ONNX Runtime that tells its makers nothing: its telemetry is decided on when it is loaded."""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime

__all__ = ["onnxruntime"]
