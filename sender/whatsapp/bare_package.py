"""A package's submodules without its `__init__`: neonize's takes 0.9 s and 30 MB that neither node nor host needs."""

import importlib.util
import sys
import types


def load_bare(name: str) -> types.ModuleType:
    """Make `import name.something` work without ever running the package's own code."""
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.find_spec(name)
    if spec is None or spec.submodule_search_locations is None:
        raise ImportError(f"{name} is not installed")
    package = types.ModuleType(name)
    package.__path__ = list(spec.submodule_search_locations)
    package.__spec__ = spec
    sys.modules[name] = package
    return package
