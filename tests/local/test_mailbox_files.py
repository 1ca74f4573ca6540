"""A directory of mail files is a mailbox: what people do to files happens to mails."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from infrastructure.local.mailbox import arrivals
from tests.local.world import MAIL, World, age


def test_a_file_dropped_into_the_inbox_is_a_mail(world: World) -> None:
    world.drop("Rechnung Größe 1.eml")
    message = world.only()
    assert message["subject"] == "Invoice 1"
    assert message["from"] == {"emailAddress": {"name": "Vendor", "address": "billing@vendor.example"}}
    assert message["internetMessageId"] == "<1@vendor.example>"
    assert not message["isRead"]


def test_a_file_still_being_written_is_not_a_mail_yet(world: World) -> None:
    path = world.inbox / "slow.eml"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrivals, "STEADY_SECONDS", 60)
        path.write_text(MAIL)
        assert world.list() == []
    world.wait_for(1)


def test_a_growing_file_waits_until_its_size_is_steady(world: World) -> None:
    path = world.inbox / "slow.eml"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrivals, "STEADY_SECONDS", 60)
        path.write_text(MAIL)
        age(path, 50)
        assert world.list() == []
        with path.open("a") as file:
            file.write(MAIL)
        patch.setattr(arrivals, "STEADY_SECONDS", 40)  # over for the first part, not for the second
        assert world.list() == []
    world.wait_for(1)


def test_a_file_from_the_future_becomes_a_mail_once_it_is_steady(world: World) -> None:
    age(world.drop("clock.eml"), -3600)
    assert world.list() == []
    world.wait_for(1)


@pytest.mark.parametrize("name", [".hidden.eml", "~draft.eml", "mail.eml.part", "mail.tmp", "notes.txt"])
def test_other_files_are_not_mails(world: World, name: str) -> None:
    world.drop(name)
    assert world.list() == []


def test_moving_the_file_keeps_id_and_arrival(world: World) -> None:
    path = world.drop("a.eml")
    before = world.only()
    (world.home / "Posted").mkdir()
    path.rename(world.home / "Posted" / "a.eml")
    assert world.list() == []
    after = world.get(before["id"]).json()
    assert after["id"] == before["id"]
    assert after["receivedDateTime"] == before["receivedDateTime"]
    assert after["parentFolderId"] == world.folder_named("Posted")


def test_a_moved_file_is_found_by_id_before_anybody_lists(world: World) -> None:
    path = world.drop("a.eml")
    before = world.only()
    (world.home / "Review" / "Old").mkdir(parents=True)
    path.rename(world.home / "Review" / "Old" / "renamed.eml")
    assert world.get(before["id"]).status_code == 200


def test_the_default_id_changes_with_every_move(world: World) -> None:
    path = world.drop("a.eml")
    immutable = world.only()["id"]
    world.client.headers.pop("Prefer")
    default = world.only()["id"]
    assert default != immutable
    path.rename(world.home / "a.eml")
    assert world.get(default).status_code == 404
    assert world.get(immutable).status_code == 404


def test_identity_survives_a_restart(world: World) -> None:
    world.drop("a.eml")
    before = world.only()
    world.client.patch(world.url(f"messages/{before['id']}"), json={"isRead": True, "categories": ["Paid"]})
    world.stop()
    world.start()
    after = world.only()
    assert after["id"] == before["id"]
    assert after["receivedDateTime"] == before["receivedDateTime"]
    assert (after["isRead"], after["categories"]) == (True, ["Paid"])


def test_a_move_while_the_server_is_down_keeps_the_id(world: World) -> None:
    path = world.drop("a.eml")
    before = world.only()
    world.stop()
    (world.home / "Posted").mkdir()
    path.rename(world.home / "Posted" / "b.eml")
    world.start()
    assert world.get(before["id"]).json()["id"] == before["id"]


def test_a_whole_directory_restored_from_a_copy_keeps_its_ids(world: World, tmp_path: Path) -> None:
    world.drop("a.eml")
    before = world.only()
    world.stop()
    shutil.copytree(world.root, tmp_path / "copy")
    shutil.rmtree(world.root)
    shutil.copytree(tmp_path / "copy", world.root)
    world.start()
    assert world.only()["id"] == before["id"]


@pytest.mark.parametrize("copy", [shutil.copyfile, shutil.copy2], ids=["cp", "cp -p"])
def test_a_copy_is_a_new_mail(world: World, copy: Any) -> None:
    path = world.drop("a.eml")
    before = world.only()
    copy(path, world.inbox / "b.eml")
    world.wait_for(2)
    assert before["id"] in {message["id"] for message in world.list()}


def test_a_hard_link_is_a_new_mail(world: World) -> None:
    path = world.drop("a.eml")
    before = world.only()
    (world.inbox / "b.eml").hardlink_to(path)
    first, second = ({message["id"] for message in world.list()} for _ in range(2))
    assert len(first) == 2
    assert first == second
    assert before["id"] in first


def test_a_move_over_file_systems_keeps_the_id(world: World) -> None:
    path = world.drop("a.eml")
    before = world.only()
    (world.home / "Posted").mkdir()
    shutil.copy2(path, world.home / "Posted" / "a.eml")
    path.unlink()
    assert world.only(world.folder_named("Posted"))["id"] == before["id"]


def test_another_mail_at_the_same_name_is_another_mail(world: World) -> None:
    path = world.drop("a.eml")
    before = world.only()
    path.unlink()
    world.drop("a.eml", MAIL.replace("<1@", "<2@"))
    after = world.only()
    assert after["id"] != before["id"]
    assert world.get(before["id"]).status_code == 404


def test_a_file_edited_in_place_stays_the_same_mail(world: World) -> None:
    path = world.drop("a.eml")
    before = world.only()
    path.write_text(MAIL.replace("Invoice 1", "Invoice 1 (corrected)"))
    age(path, 30)
    after = world.get(before["id"]).json()
    assert after["subject"] == "Invoice 1 (corrected)"


def test_a_deleted_file_is_gone(world: World) -> None:
    path = world.drop("a.eml")
    before = world.only()
    path.unlink()
    answer = world.get(before["id"])
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "ErrorItemNotFound"


def test_filing_keeps_the_file_name_and_numbers_collisions(world: World) -> None:
    for text in ("<1@", "<2@", "<3@"):
        world.drop("Invoice ü.eml", MAIL.replace("<1@", text))
        message = world.only()
        answer = world.client.post(world.url(f"messages/{message['id']}/move"), json={"destinationId": "archive"})
        assert answer.status_code == 201
        assert answer.json()["id"] == message["id"]
    names = sorted(path.name for path in (world.home / "Archive").iterdir())
    assert names == ["Invoice ü-2.eml", "Invoice ü-3.eml", "Invoice ü.eml"]


def test_deleting_files_into_deleted_items_and_then_for_good(world: World) -> None:
    world.drop("a.eml")
    message = world.only()
    for expected in (["a.eml"], []):
        assert world.client.delete(world.url(f"messages/{message['id']}")).status_code == 204
        assert [path.name for path in (world.home / "Deleted Items").iterdir()] == expected
    assert world.get(message["id"]).status_code == 404


def test_a_damaged_sidecar_costs_an_identity_and_nothing_else(world: World) -> None:
    world.drop("a.eml")
    world.only()
    world.stop()
    for path in world.root.glob(".mailbox/**/*.json"):
        path.write_text("{")
    world.start()
    assert world.only()["subject"] == "Invoice 1"


def test_received_time_can_be_set_in_the_sidecar(world: World) -> None:
    world.drop("a.eml")
    world.only()
    world.stop()
    (sidecar,) = world.root.glob(".mailbox/**/*.json")
    state = json.loads(sidecar.read_text())
    sidecar.write_text(json.dumps(state | {"received": "2026-01-31T23:59:59Z"}))
    world.start()
    assert world.only()["receivedDateTime"] == "2026-01-31T23:59:59Z"


def test_mails_that_arrive_together_keep_the_order_of_their_files(world: World) -> None:
    for number in range(5):
        age(world.drop(f"{9 - number}.eml", MAIL.replace("Invoice 1", f"Invoice {number}")), 100 - number)
    subjects = [message["subject"] for message in world.list(**{"$orderby": "receivedDateTime asc"})]
    assert subjects == [f"Invoice {number}" for number in range(5)]
