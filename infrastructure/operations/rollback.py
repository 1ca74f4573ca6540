"""Brings back the package that was good before: the same as python -m infrastructure.deploy rollback."""

from infrastructure.deploy.commands import add_rollback_arguments as add_arguments

__all__ = ["add_arguments"]
