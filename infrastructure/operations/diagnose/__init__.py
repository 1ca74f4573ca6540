"""Why the app does not run: evidence from az, and the causes that it speaks for."""

from infrastructure.operations.diagnose.commands import add_arguments

__all__ = ["add_arguments"]
