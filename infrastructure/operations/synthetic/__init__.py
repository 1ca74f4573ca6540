"""The synthetic check: one mail that goes the whole way of an invoice, and proves that the way is open."""

from infrastructure.operations.synthetic.commands import add_arguments

__all__ = ["add_arguments"]
