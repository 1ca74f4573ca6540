"""Graph clients that leave no socket open."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from kiota_abstractions.authentication import AnonymousAuthenticationProvider, AuthenticationProvider

from infrastructure.local.samples.builders import MAILBOX
from shared.adapters.graph_client import GraphClient


@asynccontextmanager
async def graph_client(
    base_url: str, user: str = MAILBOX, concurrency: int = 4, authentication: AuthenticationProvider | None = None
) -> AsyncIterator[GraphClient]:
    """A client whose connections are closed; closing the SDK's own client leaves them open."""
    client = GraphClient(authentication or AnonymousAuthenticationProvider(), base_url, user, concurrency)
    try:
        yield client
    finally:
        await getattr(client._http._transport, "transport").aclose()  # noqa: B009  an SDK's class without types
