"""The whole life of one mail."""

from infrastructure.operations.trace.commands import add_arguments

__all__ = ["add_arguments"]
