"""The local stand-in for the mail endpoints of Microsoft Graph, over a directory of mail files."""

from infrastructure.local.mailbox.cli import main
from infrastructure.local.mailbox.fault import FaultRefused
from infrastructure.local.mailbox.server import MailboxServer, serve

__all__ = ["FaultRefused", "MailboxServer", "main", "serve"]
