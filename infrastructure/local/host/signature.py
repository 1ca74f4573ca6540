"""Whether a function's parameters fit its bindings, by the rules of the Python worker.

https://github.com/Azure/azure-functions-python-worker/blob/4.34.0/azure_functions_worker/functions.py
"""

import inspect
import types
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from azure.functions import Out
from azure.functions import meta as _sdk_meta

_meta: Any = _sdk_meta  # the SDK's functions carry no annotations


class SignatureError(RuntimeError):
    """The worker could not load this function, and with it none of the app's."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One binding as the signature check sees it."""

    name: str
    type: str
    out: bool
    data_type: object = None


@dataclass(frozen=True, slots=True)
class Signature:
    """What a call needs to know: the type each parameter is given, and whether it takes the context."""

    types: dict[str, Any]
    takes_context: bool


def check(function: Callable[..., Any], bindings: Sequence[Parameter]) -> Signature:
    """Compares the Python signature with the bindings."""
    parameters = dict(inspect.signature(function).parameters)
    hints = typing.get_type_hints(function)
    bound = {binding.name: binding for binding in bindings if binding.name != "$return"}
    takes_context = "context" in parameters and "context" not in bound
    if takes_context:
        del parameters["context"]
        _check_context(hints)
    _check_names(set(parameters), set(bound))
    kinds = {name: _parameter_type(binding, hints[name]) for name, binding in bound.items() if name in hints}
    for binding in bindings:
        if binding.name == "$return":
            _check_return(binding, hints)
    return Signature(kinds, takes_context)


def _check_context(hints: dict[str, Any]) -> None:
    hint = hints.get("context")
    if "context" in hints and not (isinstance(hint, type) and hint.__name__ == "Context"):
        raise SignatureError(f'the "context" parameter is expected to be of type azure.functions.Context, got {hint!r}')


def _check_names(parameters: set[str], bound: set[str]) -> None:
    if unbound := parameters - bound:
        raise SignatureError(f"the following parameters are declared in Python but not in function.json: {unbound!r}")
    if unknown := bound - parameters:
        raise SignatureError(f"the following parameters are declared in function.json but not in Python: {unknown!r}")


def _parameter_type(binding: Parameter, hint: Any) -> Any:
    kind = _out_argument(binding.name, hint) if _is_out(hint) else hint
    if not isinstance(kind, type) and not _is_generic(kind):
        raise SignatureError(f"binding {binding.name} has invalid non-type annotation {hint!r}")
    if binding.out and not _is_out(hint):
        raise SignatureError(
            f'binding {binding.name} is declared to have the "out" direction, but its annotation in Python '
            "is not a subclass of azure.functions.Out"
        )
    if not binding.out and _is_out(hint):
        raise SignatureError(
            f'binding {binding.name} is declared to have the "in" direction in function.json, but its annotation '
            "is azure.functions.Out in Python"
        )
    if kind not in (str, bytes) and not _accepts(binding, kind):
        raise SignatureError(
            f'{binding.name!r} binding type "{binding.type}" and dataType "{binding.data_type}" in function.json do '
            f'not match the corresponding function parameter\'s Python type annotation "{_name(kind)}"'
        )
    return kind


def _check_return(binding: Parameter, hints: dict[str, Any]) -> None:
    if "return" not in hints:
        return
    hint = hints["return"]
    if not isinstance(hint, type):
        raise SignatureError(f"has invalid non-type return annotation {hint!r}")
    if not _accepts(binding, hint):
        raise SignatureError(f'Python return annotation "{hint.__name__}" does not match binding type "{binding.type}"')


def _accepts(binding: Parameter, kind: Any) -> bool:
    converter = _meta.get_binding_registry().get(binding.type)
    if converter is None:
        return True
    check_type = converter.check_output_type_annotation if binding.out else converter.check_input_type_annotation
    return bool(check_type(kind))


def _is_out(hint: Any) -> bool:
    return (typing.get_origin(hint) or hint) is Out


def _out_argument(name: str, hint: Any) -> Any:
    arguments = typing.get_args(hint)
    if len(arguments) != 1:
        raise SignatureError(f"binding {name} has invalid Out annotation {hint!r}")
    return arguments[0]


def _is_generic(kind: Any) -> bool:
    """List[str] counts and list[str] does not: the worker knows generics by the classes of the typing module."""
    return not isinstance(kind, types.GenericAlias | types.UnionType) and typing.get_origin(kind) not in (
        None,
        typing.Union,
        typing.Annotated,
    )


def _name(kind: Any) -> str:
    return getattr(kind, "__name__", None) or repr(kind)
