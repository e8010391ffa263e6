"""The waE2E message types, loaded without neonize's package code (0.9 s and 30 MB that a node does not need)."""

import importlib.util
import sys
import types


def _load_package_without_running_it(name: str) -> None:
    if name in sys.modules:
        return
    spec = importlib.util.find_spec(name)
    if spec is None or spec.submodule_search_locations is None:
        raise ImportError(f"{name} is not installed")
    package = types.ModuleType(name)
    package.__path__ = list(spec.submodule_search_locations)
    package.__spec__ = spec
    sys.modules[name] = package


_load_package_without_running_it("neonize")

from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import (  # noqa: E402
    ContextInfo,
    ExtendedTextMessage,
    Message,
)

__all__ = ["ContextInfo", "ExtendedTextMessage", "Message"]
