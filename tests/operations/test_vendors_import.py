"""`python -m infrastructure.operations vendors import FILE`, on real files and the real storage emulator."""

import base64
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from azure.data.tables import TableServiceClient
from azure.storage.queue import QueueServiceClient

from infrastructure.local.storage import Storage
from infrastructure.operations.vendors import UnusableFile, read_vendors
from shared.adapters.tables import TableLedger, Tables, TableVendors
from shared.domain.reason import Reason
from shared.domain.transaction import Event, Filing, Status
from tests.domain.made import row
from tests.operations.commands import BLUEBIRD, HEADER, run, written


def test_a_file_as_excel_saves_it_is_read(file: Path) -> None:
    entries, faults = read_vendors(written(file, BLUEBIRD, encoding="utf-8-sig"))
    assert faults == []
    (entry,) = entries
    assert entry.line == 2
    assert entry.vendor.vendor_name == "Bluebird Cloud Ltd"
    assert entry.vendor.email_domain == ("bluebird.example",)
    assert (entry.vendor.expense_dept, entry.vendor.allocation_schedule) == ("IT", "EQUAL-4")
    assert (entry.vendor.gl_code, entry.vendor.billing_party) == ("6410", "Contoso Ltd")


def test_quoted_cells_keep_commas_quotes_and_line_breaks(file: Path) -> None:
    line = '"Bird, ""Blue"" & Söhne",bluebird.example,IT,EQUAL-4,6410,Contoso Ltd,"first\nsecond"'
    entries, faults = read_vendors(written(file, line))
    assert faults == []
    assert entries[0].vendor.vendor_name == 'Bird, "Blue" & Söhne'
    assert entries[0].vendor.vendor_id == "bird-blue-sohne"
    assert entries[0].vendor.notes == "first\nsecond"


def test_semicolons_in_a_cell_part_several_values(file: Path) -> None:
    header = f"{HEADER},aliases,ibans"
    line = "Bluebird,a.example; b.example;,IT,,6410,,,Blaumeise;Blue Bird,DE02120300000000202051"
    (entry,), _ = read_vendors(written(file, line, header=header))
    assert entry.vendor.email_domain == ("a.example", "b.example")
    assert entry.vendor.aliases == ("Blaumeise", "Blue Bird")
    assert entry.vendor.ibans == ("DE02120300000000202051",)


def test_columns_may_stand_in_any_order_and_with_spaces(file: Path) -> None:
    header = " notes , gl_code,vendor_name,email_domain,expense_dept,allocation_schedule,billing_party "
    (entry,), _ = read_vendors(written(file, "n,6410, Bluebird ,bluebird.example,IT,,Contoso", header=header))
    assert (entry.vendor.vendor_name, entry.vendor.gl_code, entry.vendor.notes) == ("Bluebird", "6410", "n")


def test_empty_lines_are_no_vendors(file: Path) -> None:
    entries, faults = read_vendors(written(file, "", BLUEBIRD, "", ""))
    assert [entry.line for entry in entries] == [3]
    assert faults == []


def test_a_file_without_vendors_is_fine(file: Path) -> None:
    assert read_vendors(written(file)) == ([], [])


def test_lines_at_fault_are_reported_by_number_and_the_others_kept(file: Path) -> None:
    entries, faults = read_vendors(
        written(
            file,
            BLUEBIRD,
            "No Domain,nodomain,IT,,1,,",
            ",empty.example,IT,,1,,",
            "株式会社,kk.example,IT,,1,,",
            "Good,good.example;good.test,IT,,2,,",
            ",,,,,,",
        )
    )
    assert [entry.line for entry in entries] == [2, 6]
    assert [fault.line for fault in faults] == [3, 4, 5, 7]
    assert "email_domain 'nodomain'" in faults[0].what
    assert "vendor_name" in faults[1].what
    assert "name one explicitly" in faults[2].what


def test_an_identity_that_stands_twice_is_reported_with_the_first_line(file: Path) -> None:
    entries, faults = read_vendors(written(file, BLUEBIRD, BLUEBIRD.replace("6410", "9999")))
    assert [entry.vendor.gl_code for entry in entries] == ["6410"]
    assert [(fault.line, "line 2 already" in fault.what) for fault in faults] == [(3, True)]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("Bluebird,bluebird.example,IT,EQUAL-4,4,000,Contoso Ltd,", id="a comma without quotes"),
        pytest.param("Bluebird,bluebird.example,IT,EQUAL-4", id="cells missing"),
    ],
)
def test_a_line_with_another_number_of_cells_than_the_header_is_reported(file: Path, line: str) -> None:
    """Its cells stand under the wrong headings: the invoices would be booked on the wrong accounts."""
    entries, faults = read_vendors(written(file, line))
    assert entries == []
    assert [fault.line for fault in faults] == [2]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"", "missing vendor_name", id="empty"),
        pytest.param(b"\xef\xbb\xbf", "missing vendor_name", id="byte order mark alone"),
        pytest.param(HEADER.replace(",notes", "").encode(), "missing notes", id="column missing"),
        pytest.param(f"{HEADER},iban".encode(), "unknown 'iban'", id="column unknown"),
        pytest.param(HEADER.replace(",", ";").encode(), "missing vendor_name", id="parted by semicolons"),
        pytest.param(f"{HEADER}\nLumi\xe8re,a.example,,,,,".encode("latin-1"), "no UTF-8", id="Latin-1"),
        pytest.param(HEADER.encode("utf-16"), "no UTF-8", id="UTF-16"),
        pytest.param(f'{HEADER}\n"Blue"bird,a.example,,,,,'.encode(), "no UTF-8 CSV", id="stray quotes"),
        pytest.param(f"{HEADER},gl_code".encode(), "gl_code", id="column twice"),
    ],
)
def test_a_file_that_is_no_table_of_vendors_says_why(file: Path, content: bytes, said: str) -> None:
    file.write_bytes(content)
    with pytest.raises(UnusableFile, match=said) as raised:
        read_vendors(file)
    assert str(file) in str(raised.value)


def test_a_header_at_fault_names_every_column_and_what_was_wanted(file: Path) -> None:
    file.write_text("vendor_name,gl_code")
    with pytest.raises(UnusableFile, match=r"line 1: missing email_domain, expense_dept.*optional vendor_id"):
        read_vendors(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnusableFile, match=r"cannot read .*nowhere\.csv: No such file"):
        read_vendors(tmp_path / "nowhere.csv")


def imported(file: Path, *options: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    return run("vendors", "import", file, *options, **settings)


def vendors_in(storage: Storage) -> dict[str, Mapping[str, Any]]:
    with TableServiceClient.from_connection_string(storage.connection_string) as tables:
        return {entity["RowKey"]: dict(entity) for entity in tables.get_table_client("VendorMaster").list_entities()}


def keys_in(storage: Storage) -> set[tuple[str, str]]:
    with TableServiceClient.from_connection_string(storage.connection_string) as tables:
        entities = tables.get_table_client("VendorKeys").list_entities()
        return {(entity["PartitionKey"], entity["RowKey"]) for entity in entities}


def test_vendors_are_written_and_a_second_import_changes_only_what_changed(storage: Storage, file: Path) -> None:
    lines = [BLUEBIRD, "Papeterie Lumière,lumiere.example;lumiere.test,Office,DIRECT,6310,Contoso France,paper"]
    first = imported(written(file, *lines), AzureWebJobsStorage=storage.connection_string)
    assert (first.returncode, first.stdout) == (
        0,
        "2 vendors written (2 new, 0 changed), 0 unchanged, 0 lines refused\n",
    ), first.stderr
    vendors, keys = vendors_in(storage), keys_in(storage)
    assert set(vendors) == {"bluebird-cloud-ltd", "papeterie-lumiere"}
    assert vendors["papeterie-lumiere"]["GlCode"] == "6310"
    assert vendors["papeterie-lumiere"]["EmailDomain"] == "lumiere.example;lumiere.test"
    assert ("domain:lumiere.test", "papeterie-lumiere") in keys

    again = imported(file, AzureWebJobsStorage=storage.connection_string)
    assert (again.returncode, again.stdout) == (
        0,
        "0 vendors written (0 new, 0 changed), 2 unchanged, 0 lines refused\n",
    )
    assert (vendors_in(storage), keys_in(storage)) == (vendors, keys)

    lines[1] = lines[1].replace(";lumiere.test", "").replace("6310", "6311")
    planned = imported(written(file, *lines), "--dry-run", AzureWebJobsStorage=storage.connection_string)
    said = "1 vendors {} (0 new, 1 changed), 1 unchanged, 0 lines refused\n"
    assert (planned.returncode, planned.stdout) == (0, said.format("would be written"))
    assert (vendors_in(storage), keys_in(storage)) == (vendors, keys)

    done = imported(file, AzureWebJobsStorage=storage.connection_string)
    assert (done.returncode, done.stdout) == (0, said.format("written"))
    assert vendors_in(storage)["papeterie-lumiere"]["GlCode"] == "6311"
    assert vendors_in(storage)["bluebird-cloud-ltd"] == vendors["bluebird-cloud-ltd"]
    left = keys_in(storage)
    assert ("domain:lumiere.test", "papeterie-lumiere") not in left
    assert left < keys


@pytest.mark.parametrize("is_there", [False, True], ids=["a new vendor", "an unchanged vendor"])
async def test_an_import_wakes_the_mails_that_wait_for_the_vendor(
    storage: Storage, file: Path, *, is_there: bool
) -> None:
    waits = row(
        Status.PARKED,
        reasons=(Reason.VENDOR_UNKNOWN,),
        parked_keys=("domain:bluebird.example",),
        filing=Filing.DONE,
        folder="Needs Vendor",
    )
    with TableServiceClient.from_connection_string(storage.connection_string) as service:
        tables = Tables(service)
        await TableLedger(tables).insert(waits, Event("parked", "ExtractEnrich"))
        written(file, BLUEBIRD)
        if is_there:
            imported(file, AzureWebJobsStorage=storage.connection_string)
        await TableVendors(tables).park(waits.parked_keys, waits.key)
        imported(file, "--dry-run", AzureWebJobsStorage=storage.connection_string)
        assert await TableVendors(tables).parked("domain:bluebird.example", 50) == [waits.key]

        done = imported(file, AzureWebJobsStorage=storage.connection_string)

        assert done.returncode == 0, done.stderr
        woken = await TableLedger(tables).get(waits.key)
        assert woken is not None
        assert woken.status is Status.RECEIVED
        assert await TableVendors(tables).parked("domain:bluebird.example", 50) == []
    with QueueServiceClient.from_connection_string(storage.connection_string) as queues:
        (message,) = queues.get_queue_client("raw-mail").peek_messages(32)
        assert json.loads(base64.b64decode(message.content))["transaction_id"] == waits.transaction_id


def test_a_vendor_whose_writing_broke_off_is_written_again(storage: Storage, file: Path) -> None:
    imported(written(file, BLUEBIRD), AzureWebJobsStorage=storage.connection_string)
    keys = keys_in(storage)
    with TableServiceClient.from_connection_string(storage.connection_string) as tables:
        tables.get_table_client("VendorKeys").delete_entity("domain:bluebird.example", "bluebird-cloud-ltd")
    done = imported(file, AzureWebJobsStorage=storage.connection_string)
    assert done.stdout == "1 vendors written (0 new, 1 changed), 0 unchanged, 0 lines refused\n"
    assert keys_in(storage) == keys


def test_many_vendors_are_written_at_once_and_none_is_lost(storage: Storage, file: Path) -> None:
    lines = [f"Vendor {number},v{number}.example,IT,,{number},," for number in range(60)]
    done = imported(written(file, *lines), AzureWebJobsStorage=storage.connection_string)
    assert (done.returncode, done.stderr) == (0, "")
    assert {row["GlCode"] for row in vendors_in(storage).values()} == {str(number) for number in range(60)}


def test_lines_at_fault_end_with_3_and_the_others_are_written(storage: Storage, file: Path) -> None:
    done = imported(written(file, BLUEBIRD, "Bad,bad,,,,,"), AzureWebJobsStorage=storage.connection_string)
    assert (done.returncode, done.stdout) == (3, "1 vendors written (1 new, 0 changed), 0 unchanged, 1 lines refused\n")
    assert "email_domain 'bad'" in " ".join(done.stderr.split())
    assert set(vendors_in(storage)) == {"bluebird-cloud-ltd"}


def test_a_file_that_cannot_be_used_ends_with_1_and_one_line(file: Path) -> None:
    done = imported(file, AzureWebJobsStorage="UseDevelopmentStorage=true")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"vendors import: cannot read {file}: No such file or directory\n"


def test_settings_that_are_missing_end_with_1_and_are_named(file: Path) -> None:
    done = imported(written(file, BLUEBIRD), STUCK_AFTER_SECONDS="soon")
    assert (done.returncode, done.stdout) == (1, "")
    assert "AzureWebJobsStorage: missing" in done.stderr
    assert "STUCK_AFTER_SECONDS: wanted" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("connection", ["nonsense", "AccountName=a;AccountKey=S3CRET"])
def test_a_connection_string_that_is_none_ends_with_1_and_one_line(file: Path, connection: str) -> None:
    done = imported(written(file, BLUEBIRD), AzureWebJobsStorage=connection)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "S3CRET" not in done.stderr


def test_a_command_that_does_not_exist_ends_with_2_and_usage() -> None:
    done = run("vendors", "forget")
    assert done.returncode == 2
    assert "usage: python -m infrastructure.operations vendors" in done.stderr
