"""What it costs to find a vendor among few and among many, on the storage emulator.

Of the wall time most is the emulator's own, which searches its tables otherwise than Azure does; the requests and the
CPU of this process are the app's.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from azure.core.credentials import AzureNamedKeyCredential
from azure.data.tables import AccountSasPermissions, ResourceTypes, TableServiceClient, generate_account_sas
from rich.console import Console
from rich.table import Table

from infrastructure.checkout import LocalError
from infrastructure.local.storage import Storage
from shared.adapters.suffixes import PublicSuffixes
from shared.adapters.tables import Tables, TableVendors
from shared.domain.facts import Fact, Facts
from shared.domain.sender import Sender
from shared.domain.vendor import Vendor
from shared.matching import Matching

Entity = tuple[str, Mapping[str, Any]]  # with the table it belongs to

FEW, MANY = 1_000, 20_000
_WRITERS = 16
_QUIET = {"Prefer": "return-no-content"}
_SYLLABLES = ("ba", "co", "di", "fu", "ga", "ho", "ki", "lu", "ma", "no", "pi", "ru", "sa", "to", "vi", "ze")
_TRADES = ("Cloud", "Energie", "Logistiek", "Papeterie", "Software", "Anlagenbau", "Catering", "Telecom")


class Recorder(Tables):
    """Takes down what would be written, in place of tables that are empty."""

    def __init__(self) -> None:
        self.entities: list[Entity] = []

    async def run(self, name: str, operation: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Keep an entity; a read finds nothing."""
        del operation, kwargs
        if isinstance(args[0], dict):
            self.entities.append((name, args[0]))


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of one look-up, on average."""

    wall: float
    cpu: float


def made_vendor(number: int) -> Vendor:
    """A vendor that is like no other of its kind in the first 65,536."""
    name = "".join(_SYLLABLES[(number >> shift) & 15] for shift in (0, 4, 8, 12))
    trade = _TRADES[number % len(_TRADES)]
    return Vendor(
        vendor_name=f"{name.title()} {trade} Ltd",
        vendor_id=f"v-{number}",
        email_domain=(f"{name}-{trade.lower()}.example",),
        vat_id=f"DE{100_000_000 + number}",
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the benchmark; 1 where it could not run."""
    parser = argparse.ArgumentParser(prog="python -m infrastructure.bench.vendors", description=__doc__)
    parser.add_argument("vendors", nargs="?", type=int, default=MANY, help="default: %(default)s")
    parser.add_argument("--few", type=int, default=FEW, help="what they are compared with; default: %(default)s")
    parser.add_argument("--times", type=int, default=50, help="look-ups of each kind; default: %(default)s")
    parsed = parser.parse_args(arguments)
    try:
        costs = [_with(count, parsed.times) for count in (parsed.few, parsed.vendors)]
    except LocalError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    Console(width=None if sys.stdout.isatty() else 140).print(_table(parsed.few, parsed.vendors, *costs))
    return 0


def _with(count: int, times: int) -> dict[str, Cost]:
    with ExitStack() as held:
        folder = held.enter_context(TemporaryDirectory())
        storage = held.enter_context(Storage.start(Path(folder)))
        service = held.enter_context(TableServiceClient.from_connection_string(storage.connection_string))
        began = time.perf_counter()
        _write(storage, service, asyncio.run(_entities(count)))
        print(f"{count} vendors written in {time.perf_counter() - began:.0f} s", file=sys.stderr)
        return asyncio.run(_measure(TableVendors(Tables(service)), count, times))


async def _entities(count: int) -> Sequence[Entity]:
    recorder = Recorder()
    vendors = TableVendors(recorder)
    for number in range(count):
        await vendors.upsert(made_vendor(number))
    return recorder.entities


def _write(storage: Storage, service: TableServiceClient, entities: Sequence[Entity]) -> None:
    for name in {name for name, _ in entities}:
        service.create_table_if_not_exists(name)
    query = _signature(storage)
    with ThreadPoolExecutor(_WRITERS) as pool:
        list(pool.map(lambda part: _insert(storage, query, part), (entities[i::_WRITERS] for i in range(_WRITERS))))


def _signature(storage: Storage) -> str:
    known = dict(part.split("=", 1) for part in storage.connection_string.split(";") if part)
    return generate_account_sas(
        AzureNamedKeyCredential(known["AccountName"], known["AccountKey"]),
        ResourceTypes(object=True),
        AccountSasPermissions(add=True, write=True),
        expiry=datetime.now(UTC) + timedelta(days=1),
        protocol="http",
    )


def _insert(storage: Storage, query: str, entities: Iterable[Entity]) -> None:
    """Plain requests: nearly every key is a partition of its own, and the client takes ten times as long for one."""
    target = urlsplit(storage.table_endpoint)
    headers = {"Content-Type": "application/json", "Accept": "application/json;odata=nometadata", **_QUIET}
    with closing(HTTPConnection(target.netloc)) as connection:
        for name, entity in entities:
            connection.request("POST", f"{target.path}/{name}?{query}", json.dumps(entity), headers)
            answer = connection.getresponse()
            said = answer.read()
            if answer.status != HTTPStatus.NO_CONTENT:
                raise LocalError(f"the storage emulator answered {answer.status} {said!r} to an insert")


async def _measure(vendors: TableVendors, count: int, times: int) -> dict[str, Cost]:
    desk = Matching(vendors, PublicSuffixes().registered)
    numbers = [number * count // times for number in range(times)]
    kinds: dict[str, Callable[[int], Awaitable[object]]] = {
        "found by VAT id": lambda number: _find(desk, number, Facts(vat_id=_fact(made_vendor(number).vat_id))),
        "found by sender": lambda number: _find(desk, number, Facts(), f"b@{made_vendor(number).domains[0]}"),
        "found by name": lambda number: _find(desk, number, Facts(vendor_name=_fact(made_vendor(number).vendor_name))),
        "surroundings of a stranger": lambda number: _surroundings(desk, number),
        "suggestion": lambda number: desk.suggestion(Facts(names=(_fact(made_vendor(number).vendor_name[1:]),))),
    }
    return {kind: await _cost(look_up, numbers) for kind, look_up in kinds.items()}


def _fact(text: str) -> Fact[str]:
    return Fact(text, "made up")


async def _find(desk: Matching, number: int, facts: Facts, address: str = "") -> None:
    match = await desk.find(Sender(address), facts)
    if match.vendor_ids != (f"v-{number}",):
        raise LocalError(f"vendor v-{number} was not found, but {match.vendor_ids}")


async def _surroundings(desk: Matching, number: int) -> None:
    sender = Sender(f"b@stranger-{number}-consulting.test", "Jane Doe | Stranger Consulting")
    await desk.surroundings(sender, await desk.find(sender, Facts()))


async def _cost(look_up: Callable[[int], Awaitable[object]], numbers: Iterable[int]) -> Cost:
    looked_up = list(numbers)
    await look_up(looked_up[0])  # opens the connection
    wall, cpu = time.perf_counter(), time.process_time()
    for number in looked_up:
        await look_up(number)
    return Cost((time.perf_counter() - wall) / len(looked_up), (time.process_time() - cpu) / len(looked_up))


def _table(few: int, many: int, costs: Mapping[str, Cost], others: Mapping[str, Cost]) -> Table:
    table = Table(title=f"milliseconds a look-up among {few} and {many} vendors, and their ratio", title_justify="left")
    table.add_column("look-up")
    for heading in ("CPU", "CPU", "ratio", "wall", "wall", "ratio"):
        table.add_column(heading, justify="right")
    for kind, cost in costs.items():
        other = others[kind]
        table.add_row(kind, *_pair(cost.cpu, other.cpu), *_pair(cost.wall, other.wall))
    return table


def _pair(few: float, many: float) -> tuple[str, str, str]:
    return f"{1000 * few:.1f}", f"{1000 * many:.1f}", f"{many / few:.2f}"


if __name__ == "__main__":
    sys.exit(main())
