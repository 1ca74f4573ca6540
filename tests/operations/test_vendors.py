"""`vendors export`, `list`, `check` and `add`, on real files and the real storage emulator."""

import base64
import csv
import json
from pathlib import Path

import pytest
from azure.data.tables import TableServiceClient
from azure.storage.queue import QueueServiceClient

from infrastructure.local.samples import VENDORS
from infrastructure.local.storage import Storage
from infrastructure.operations.vendors import OPTIONAL, read_vendors
from infrastructure.operations.vendors.check import Placed, check
from shared.adapters.tables import Tables, TableVendors
from shared.domain.messages import AddVendor
from shared.domain.vendor import Vendor
from tests.operations.commands import BLUEBIRD, HEADER, run, written

WIDE = f"{HEADER},{','.join(OPTIONAL)}"
ODD = '"Bird, ""Blue"" & Söhne",a.example;b.example,IT,,6410,Contoso,"first\r\nsecond",odd,DE123456789,Blue;Bird,'


def test_what_is_exported_is_imported_again_unchanged(storage: Storage, file: Path) -> None:
    settings = {"AzureWebJobsStorage": storage.connection_string}
    run("vendors", "import", VENDORS, **settings)
    run("vendors", "import", written(file, ODD, header=WIDE), **settings)

    done = run("vendors", "export", file, **settings)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", f"7 vendors written to {file}\n")
    ids = [entry.vendor.vendor_id for entry in read_vendors(file)[0]]
    assert ids == sorted(ids)
    assert "odd" in ids

    again = run("vendors", "import", file, **settings)
    assert again.stdout == "0 vendors written (0 new, 0 changed), 7 unchanged, 0 lines refused\n"
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")  # or Excel spoils its names


def test_an_export_to_stdout_is_the_table_and_nothing_else(storage: Storage, file: Path) -> None:
    settings = {"AzureWebJobsStorage": storage.connection_string}
    run("vendors", "import", written(file, BLUEBIRD), **settings)
    done = run("vendors", "export", **settings)
    header, vendor = csv.reader(done.stdout.splitlines())
    assert header == WIDE.split(",")
    assert vendor == [*BLUEBIRD.split(","), "bluebird-cloud-ltd", "", "", ""]


def test_an_export_that_fails_leaves_the_file_that_was_there(file: Path) -> None:
    written(file, BLUEBIRD)
    before = file.read_bytes()
    done = run("vendors", "export", file, AzureWebJobsStorage="UseDevelopmentStorage=nonsense")
    assert done.returncode == 1
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def test_a_folder_that_is_not_there_is_named(storage: Storage, tmp_path: Path) -> None:
    target = tmp_path / "nowhere" / "vendors.csv"
    done = run("vendors", "export", target, AzureWebJobsStorage=storage.connection_string)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"vendors export: cannot write {target}: No such file or directory\n"


def test_the_list_shows_those_that_are_searched_for(storage: Storage) -> None:
    settings = {"AzureWebJobsStorage": storage.connection_string}
    run("vendors", "import", VENDORS, **settings)
    everybody = run("vendors", "list", **settings)
    assert everybody.stdout.endswith("6 vendors\n")
    some = run("vendors", "list", "--search", "LUMIÈRE", **settings)
    assert "papeterie-lumiere.example" in some.stdout
    assert "nordlicht" not in some.stdout
    assert some.stdout.endswith("1 vendors\n")


def test_the_sample_vendors_pass_the_check() -> None:
    done = run("vendors", "check", VENDORS)
    assert (done.returncode, done.stdout, done.stderr) == (0, "0 faults\n", "")


def test_a_check_of_a_file_needs_no_storage_and_lists_every_fault_by_line(file: Path) -> None:
    written(
        file,
        "Acme Ltd,acme.example,IT,,1,,,acme,DE123456789,,DE89370400440532013000",
        "Bad,bad,IT,,1,,,,,,",
        "Other,acme.example;gmail.com,IT,,1,,,other,DE 123 456 789,Acme Ltd,DE89370400440532013000",
        "Third,third.example,IT,,1,,,third,12-34567,,DE00370400440532013000",
        header=WIDE,
    )
    done = run("vendors", "check", file)
    assert (done.returncode, done.stdout) == (3, "8 faults\n")
    said = " ".join(done.stderr.replace("│", " ").split())
    for part in (
        "line 3 AddVendor: email_domain 'bad'",
        "line 4 email_domain gmail.com belongs to a free-mail provider",
        "line 4 the name 'Acme Ltd' is claimed by acme (line 2) too; their mails go to Review",
        "line 4 the domain acme.example is claimed by acme (line 2) too",
        "line 4 the VAT id DE 123 456 789 is claimed by acme (line 2) too",
        "line 4 the IBAN DE89370400440532013000 is claimed by acme (line 2) too",
        "line 5 iban DE00370400440532013000: its check digits",
        "line 5 vat_id 12-34567: of no known form",
    ):
        assert part in said


async def test_a_check_of_the_tables_finds_what_a_person_has_edited(storage: Storage) -> None:
    with TableServiceClient.from_connection_string(storage.connection_string) as service:
        vendors = TableVendors(Tables(service))
        await vendors.upsert(Vendor(vendor_name="Acme", email_domain=("acme.example",)))
        await vendors.upsert(Vendor(vendor_name="Rival", email_domain=("acme.example", "post.xero.com")))
        row = {"PartitionKey": "vendor", "RowKey": "edited", "VendorId": "edited", "EmailDomain": "a.example"}
        service.get_table_client("VendorMaster").create_entity(row)
    done = run("vendors", "check", AzureWebJobsStorage=storage.connection_string)
    said = " ".join(done.stderr.replace("│", " ").split())
    assert (done.returncode, done.stdout) == (3, "3 faults\n"), said
    assert "rival the domain acme.example is claimed by acme too" in said
    assert "rival email_domain post.xero.com belongs to a billing platform" in said
    assert "edited AddVendor: vendor_name: is empty" in said


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        pytest.param({"vat_id": "DE 811.234.567"}, "", id="a VAT id in groups"),
        pytest.param({"vat_id": "FR40303265045"}, "", id="a French VAT id"),
        pytest.param({"vat_id": "DE12345678"}, "vat_id DE12345678", id="a digit too few"),
        pytest.param({"ibans": ("GB33 BUKB 2020 1555 5555 55",)}, "", id="an IBAN in groups"),
        pytest.param({"ibans": ("GB33BUKB2020155555555",)}, "iban GB33", id="an IBAN too short"),
        pytest.param({"aliases": ("ACME", "acme.")}, "", id="a name that is its own alias"),
        pytest.param({"email_domain": ("mail.gmail.com",)}, "email_domain mail.gmail.com", id="below a shared domain"),
    ],
)
def test_one_vendor_is_checked_by_itself(fields: dict[str, object], said: str) -> None:
    found = check([Placed("line 2", Vendor.model_validate({"vendor_name": "Acme", **fields}))])
    assert [finding.what.startswith(said) for finding in found] == ([True] if said else [])


def test_a_vendor_is_asked_for_by_a_message_as_anybody_would(storage: Storage) -> None:
    options = ["--name", "Acme Ltd", "--domain", "acme.example", "--domain", "acme.test", "--gl-code", "6410"]
    done = run("vendors", "add", *options, "--alias", "Acme", AzureWebJobsStorage=storage.connection_string)
    assert done.returncode == 0, done.stderr
    assert "asked for acme-ltd on the queue add-vendor" in done.stdout
    with QueueServiceClient.from_connection_string(storage.connection_string) as queues:
        (message,) = queues.get_queue_client("add-vendor").peek_messages(32)
    body = base64.b64decode(message.content)
    assert AddVendor.parse(body) == AddVendor(
        vendor_name="Acme Ltd", email_domain=("acme.example", "acme.test"), gl_code="6410", aliases=("Acme",)
    )
    assert json.loads(body)["schema_version"] == 1


def test_a_vendor_that_cannot_be_is_not_asked_for(storage: Storage) -> None:
    done = run("vendors", "add", "--name", "Acme", "--domain", "acme", AzureWebJobsStorage=storage.connection_string)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("vendors add: AddVendor: email_domain 'acme': wanted a domain")


def test_a_vendor_whom_its_domain_never_tells_is_asked_for_with_a_word(storage: Storage) -> None:
    options = ["--name", "Acme", "--domain", "gmail.com"]
    done = run("vendors", "add", *options, AzureWebJobsStorage=storage.connection_string)
    assert done.returncode == 0
    assert done.stderr.startswith("vendors add: email_domain gmail.com belongs to a free-mail provider")


@pytest.mark.parametrize("action", ["import", "export", "list", "check", "add"])
def test_every_action_explains_its_exit_codes(action: str) -> None:
    assert "Exit codes: 0 all right; 1 could not run; 2 usage; 3" in run("vendors", action, "--help").stdout
