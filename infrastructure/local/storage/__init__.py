"""The storage emulator Azurite, run by the Node.js that a Python package brings."""

from infrastructure.local.storage.azurite import Storage

__all__ = ["Storage"]
