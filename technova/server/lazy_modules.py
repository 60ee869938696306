"""Modules that a process imports once it uses them.

pandas takes 43 MiB of a process. Whoever reads files or computes on the workforce needs it; predictions by number and
the pages do not, and a server that gives only these never imports it (``benchmarks/memory.py``).
"""

import sys
from importlib import import_module
from threading import RLock
from types import ModuleType

_lock = RLock()


def import_on_use(name: str) -> None:
    """Let ``import name`` import nothing until an attribute of the module is read.

    Modules that import it must not read one as they are imported themselves: their annotations are strings
    (``from __future__ import annotations``).
    """
    sys.modules.setdefault(name, _Unused(name))


class _Unused(ModuleType):
    """Stands for a module. Reads of its attributes import it, one thread at a time, and are passed on.

    ``importlib.util.LazyLoader`` gives a second thread a half-imported module before Python 3.11.8.
    """

    def __getattr__(self, attribute: str) -> object:
        with _lock:
            if sys.modules.get(self.__name__) is self:
                del sys.modules[self.__name__]
            module = import_module(self.__name__)
        return getattr(module, attribute)
