"""Runs ONNX files in KServe's server, which takes raw tensors: python kserve_onnx.py PORT NAME=FILE…"""

import socket
import sys

from kserve import InferOutput, InferResponse, Model, ModelServer
from kserve.protocol.rest.server import RESTServer

from onnx_session import OnnxSession


class OnnxModel(Model):
    def __init__(self, name, path):
        super().__init__(name)
        self._onnx = OnnxSession(path)
        self.ready = True

    def get_input_types(self):
        return self._onnx.inputs

    def get_output_types(self):
        return self._onnx.outputs

    def predict(self, payload, headers=None, response_headers=None):
        given = {each.name: each.as_numpy() for each in payload.inputs}
        outputs = []
        for described in self._onnx.outputs:
            answer = self._onnx.run(given)[described["name"]]
            output = InferOutput(
                described["name"], list(answer.shape), described["datatype"]
            )
            output.set_data_from_numpy(answer, binary_data=False)
            outputs.append(output)
        return InferResponse(
            response_id=payload.id or "",
            model_name=self.name,
            infer_outputs=outputs,
            requested_outputs=payload.request_outputs,
            use_binary_outputs=payload.use_binary_outputs,
        )


def main():
    port, *models = sys.argv[1:]
    server = ModelServer(http_port=int(port), enable_grpc=False)
    for name, path in (each.split("=", 1) for each in models):
        server.registered_models.update(OnnxModel(name, path))
    rest = RESTServer(
        "kserve.model_server:app",
        server.dataplane,
        server.model_repository_extension,
        int(port),
    )
    # By itself it would listen on every address of this machine.
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", int(port)))
    rest.run(sockets=[listener])


main()
