"""Messages that their function could not take: kept in PoisonMessages, or still in a poison queue."""

from infrastructure.operations.poison.commands import add_arguments
from infrastructure.operations.poison.messages import Poison, Poisoned, read_poison

__all__ = ["Poison", "Poisoned", "add_arguments", "read_poison"]
