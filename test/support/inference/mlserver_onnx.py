"""Runs ONNX files in MLServer, which brings no runtime for them itself."""

from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceResponse, MetadataTensor

from onnx_session import OnnxSession


class OnnxModel(MLModel):
    async def load(self):
        self._onnx = OnnxSession(self.settings.parameters.uri)
        self.inputs = [MetadataTensor(**each) for each in self._onnx.inputs]
        self.outputs = [MetadataTensor(**each) for each in self._onnx.outputs]
        return True

    async def predict(self, payload):
        given = {each.name: self.decode(each, NumpyCodec) for each in payload.inputs}
        answers = self._onnx.run(given)
        wanted = [each.name for each in payload.outputs or []] or list(answers)
        return InferenceResponse(
            model_name=self.name,
            model_version=self.version,
            outputs=[NumpyCodec.encode_output(name, answers[name]) for name in wanted],
        )
