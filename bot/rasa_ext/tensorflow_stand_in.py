"""An empty TensorFlow, so that Rasa 3.6.21 runs without the real one.

Rasa imports TensorFlow whatever the pipeline: 2.2 CPU seconds and 135 MB at every start, 1.8 GB on
disk, and our pipeline (jieba, a linear classifier, rules) never calls it. The stand-in lets the
import succeed: every name is a class that can be subclassed, subscripted, used as a decorator and
called, and none of them does anything.

The danger: a model with a component that really needs TensorFlow would load and then fail on
every message. `bot.model.refuse_unservable` turns such a model away before Rasa starts.

Remove when Rasa imports TensorFlow lazily, or when a pipeline with DIET or TED is wanted: then
install `tensorflow==2.12.0` and delete this module with its one call in `bot.launcher`.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Iterator, Sequence
from typing import Any

PACKAGES = frozenset({"keras", "tensorflow", "tensorflow_addons", "tensorflow_hub", "tensorflow_text"})
VERSION = "2.12.0"  # the version that Rasa 3.6.21 asks for; some of its modules compare it


class _Anything(type):
    """A class whose attributes, calls and items are again such classes."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        value = _Anything(name, (_Nothing,), {})
        setattr(cls, name, value)
        return value

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        decorates = len(args) == 1 and not kwargs and isinstance(args[0], (type, types.FunctionType))
        return args[0] if decorates else _Anything("result", (_Nothing,), {})

    def __iter__(cls) -> Iterator[Any]:
        return iter(())

    def __getitem__(cls, key: Any) -> Any:
        return cls

    def __or__(cls, other: Any) -> Any:
        return cls


class _Nothing(metaclass=_Anything):
    pass


class _EmptyModule(types.ModuleType):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__ = []  # a package, so that its modules are looked for too

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        value = _Anything(name, (_Nothing,), {})
        setattr(self, name, value)
        return value


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname.split(".", maxsplit=1)[0] not in PACKAGES:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return _EmptyModule(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        module.__version__ = VERSION  # type: ignore[attr-defined] # a module attribute like any other


def install() -> None:
    """Makes every later import of TensorFlow find the empty one. Call it before importing Rasa."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
