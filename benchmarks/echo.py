"""The floor: a gRPC server that sends each DecideRequest back, on the same stack as the PDP (grpc.aio, one process).

``python -m benchmarks.echo`` prints ``{"event": "listening", "address": "127.0.0.1:PORT"}`` and serves until its
standard input closes.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import grpc

from pdp.v1 import decision_pb2

METHOD = "/benchmarks.Echo/Echo"
COMMAND = (sys.executable, "-m", "benchmarks.echo")


class Echo(grpc.GenericRpcHandler):
    """Answers any method with its own message."""

    def __init__(self) -> None:
        self._handler = grpc.unary_unary_rpc_method_handler(
            self._echo,
            request_deserializer=decision_pb2.DecideRequest.FromString,
            response_serializer=decision_pb2.DecideRequest.SerializeToString,
        )

    @staticmethod
    async def _echo(request: decision_pb2.DecideRequest, _: object) -> decision_pb2.DecideRequest:
        return request

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any]:
        """The one handler, whatever is asked."""
        del handler_call_details
        return self._handler


async def serve(listen: str) -> None:
    """Serve at ``listen`` until standard input closes. Several processes may share a port, as workers do."""
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((Echo(),))
    port = server.add_insecure_port(listen)
    await server.start()
    sys.stdout.write(json.dumps({"event": "listening", "address": f"127.0.0.1:{port}"}) + "\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await server.stop(0.5)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:0"))
