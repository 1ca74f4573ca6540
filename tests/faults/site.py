"""One mailbox and one storage account of their own, and hosts that reach them through proxies."""

import asyncio
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from email import policy
from email.parser import BytesHeaderParser
from pathlib import Path

from azure.storage.queue import QueueServiceClient

from infrastructure.local.mailbox import MailboxServer, serve
from infrastructure.local.samples import AP_MAILBOX, MAILBOX
from infrastructure.local.storage import Storage
from infrastructure.local.storage.azurite import connection_string
from infrastructure.local.system import Outside, app_environment
from shared.domain.messages import ADD_VENDOR, NOTIFY, QUEUES, RAW_MAIL, TO_POST, AddVendor
from shared.wiring import vendor_desk
from tests.faults.proxy import Proxy, Watch

BLUEBIRD = AddVendor(vendor_name="Bluebird Cloud Ltd", email_domain=("bluebird-cloud.example",), gl_code="6200")
ACCOUNTS = [f"site{number:04d}" for number in range(1000)]  # one variable of a process takes 128 KiB

_FLOW = (ADD_VENDOR, RAW_MAIL, TO_POST, NOTIFY)
_headers = BytesHeaderParser(policy=policy.compat32)


class Accounts:
    """The accounts of one storage emulator, handed out one by one."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self._names = iter(ACCOUNTS)
        self._lock = threading.Lock()

    def take(self) -> str:
        """The name of an account that nobody has used yet."""
        with self._lock:
            return next(self._names)


class Wires:
    """The three proxies of one host; `environment` leads it through them."""

    def __init__(self, site: "Site", watch: Watch, **settings: str) -> None:
        storage = site.accounts.storage
        targets = {"graph": site.mailbox_port, "queue": storage.queue_port, "table": storage.table_port}
        self._proxies = {service: Proxy(service, port, watch) for service, port in targets.items()}
        ports = {service: proxy.port for service, proxy in self._proxies.items()}
        through = connection_string(site.account, storage.blob_port, ports["queue"], ports["table"])
        self.environment = site.environment(through, f"http://127.0.0.1:{ports['graph']}", **settings)

    def close(self) -> None:
        for proxy in self._proxies.values():
            proxy.close()


class Site(Outside):
    """What one case has for itself, and all that its assertions may look at."""

    def __init__(self, folder: Path, accounts: Accounts, mailbox: MailboxServer) -> None:
        self.folder, self.accounts, self.mailbox = folder, accounts, mailbox
        self.account = accounts.take()
        storage = accounts.storage
        ports = (storage.blob_port, storage.queue_port, storage.table_port)
        super().__init__(folder / "mail", connection_string(self.account, *ports))

    @property
    def mailbox_port(self) -> int:
        return int(self.mailbox.url.rpartition(":")[2])

    def environment(self, storage: str, mailbox_url: str, **settings: str) -> dict[str, str]:
        """The settings of a host; short times, so that a case takes seconds."""
        return {
            **app_environment(storage, mailbox_url),
            "MAIL_INGEST_SCHEDULE": "* * * * * *",
            "AP_MAX_PER_MINUTE": "100000",
            "STUCK_AFTER_SECONDS": "4",
            "CLAIM_SECONDS": "4",
            "DELIVERY_PATIENCE_SECONDS": "4",
            **settings,
        }

    @contextmanager
    def wires(self, watch: Watch, **settings: str) -> Iterator[Wires]:
        """Proxies that a host is led through by their environment."""
        wires = Wires(self, watch, **settings)
        try:
            yield wires
        finally:
            wires.close()

    def add_vendors(self, *vendors: AddVendor) -> None:
        """Write vendors as an import does."""
        desk = vendor_desk({"AzureWebJobsStorage": self.connection_string})

        async def add() -> None:
            for vendor in vendors:
                await desk.add(vendor)

        asyncio.run(add())

    def mails(self, folder: str, address: str = MAILBOX) -> list[Path]:
        """The files of a folder."""
        return sorted((self.root / address / folder).glob("*.eml"))

    def ap_markers(self) -> list[str]:
        """What each mail in AP's Inbox carries as its marker."""
        heads = (_headers.parsebytes(path.read_bytes()) for path in self.mails("Inbox", AP_MAILBOX))
        return [str(head["x-invoice-agent-transaction"]) for head in heads]

    def cards(self) -> list[Path]:
        """The cards that the Teams channel has taken."""
        return sorted((self.root / "teams").glob("[!.]*.json"))

    def waiting(self) -> dict[str, int]:
        """How many messages each queue holds, poison queues included; empty ones are left out."""
        with QueueServiceClient.from_connection_string(self.connection_string) as service:
            # One after the other as work goes on, or what is handed on meanwhile would be seen in neither queue.
            found = sorted((queue.name for queue in service.list_queues()), key=_place_in_flow)
            counts = {name: service.get_queue_client(name).get_queue_properties() for name in found}
        return {name: size for name, one in counts.items() if (size := one.approximate_message_count or 0)}

    def poison(self) -> Mapping[str, int]:
        """Messages that ended in a poison queue or in the table where they are kept."""
        queues = {
            name: size
            for name, size in self.waiting().items()
            if name.removesuffix("-poison") in QUEUES and name.endswith("-poison")
        }
        kept = len(self._entities("PoisonMessages"))
        return {**queues, **({"PoisonMessages": kept} if kept else {})}

    def is_at_rest(self, expected: int) -> bool:
        """Whether every mail is finished and no message is left that could begin anything anew."""
        return self.is_quiet(expected) and not self.waiting()


def _place_in_flow(queue: str) -> int:
    return _FLOW.index(queue) if queue in _FLOW else len(_FLOW)


@contextmanager
def site(
    folder: Path, accounts: Accounts, *mails: tuple[str, bytes], vendors: Sequence[AddVendor] = (BLUEBIRD,)
) -> Iterator[Site]:
    """A site with these mails in its Inbox, visible by now."""
    (folder / "mail" / MAILBOX / "Inbox").mkdir(parents=True)
    with serve(folder / "mail") as mailbox:
        made = Site(folder, accounts, mailbox)
        made.add_vendors(*vendors)
        made.arrive(mails)
        yield made
