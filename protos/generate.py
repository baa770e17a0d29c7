"""Generate the Python stubs of ``protos/pdp/v1`` below a directory: ``python protos/generate.py [DIRECTORY]``.

Needs grpcio-tools. The result is committed; a test compares it with what this makes.
"""

from __future__ import annotations

import importlib.resources
import sys
from pathlib import Path

from grpc_tools import protoc

PROTOS = Path(__file__).resolve().parent


def generate(out: Path) -> None:
    """Write ``pdp/v1/*_pb2.py``, ``*_pb2.pyi`` and, for files with a service, ``*_pb2_grpc.py`` below ``out``."""
    files = sorted(PROTOS.glob("pdp/v1/*.proto"))
    services = [f for f in files if "\nservice " in f.read_text(encoding="utf-8")]
    compile_files(files, f"--python_out={out}", f"--pyi_out={out}")
    compile_files(services, f"--grpc_python_out={out}")


def compile_files(files: list[Path], *outputs: str) -> None:
    """Run protoc. Raises ``SystemExit`` with its status when it fails; it has then said why."""
    google = importlib.resources.files("grpc_tools") / "_proto"
    names = [str(f.relative_to(PROTOS)) for f in files]
    status = protoc.main(["protoc", f"-I{PROTOS}", f"-I{google}", *outputs, *names])
    if status:
        raise SystemExit(status)


if __name__ == "__main__":
    generate(Path(sys.argv[1] if len(sys.argv) > 1 else PROTOS.parent))
