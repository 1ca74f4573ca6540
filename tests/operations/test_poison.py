"""`poison`, on the real storage emulator: nothing is lost, whatever breaks off, and hostile bodies stay text."""

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from infrastructure.operations.account import opened
from infrastructure.operations.poison.messages import put_back, read_poison
from shared.adapters.tables import Tables
from shared.domain.messages import ADD_VENDOR, NOTIFY, RAW_MAIL, TO_POST, WorkOn
from shared.domain.transaction import Key
from tests.operations.place import Place

ID = "a" * 32
WORK = WorkOn.on(Key("202603", ID)).to_bytes()
VENDOR = '{"schema_version": 1, "vendor_name": "Acme [red]", "email_domain": "acme"}'


def test_what_is_kept_and_what_is_queued_are_listed_alike(place: Place) -> None:
    place.keep(TO_POST, "kept-1", WORK.decode(), ID)
    queued = place.poison(RAW_MAIL, WORK)
    done = place.run("poison", "list", "--json")
    assert done.code == 3
    assert done.document["unseen"] == {}
    by_id = {message["id"]: message for message in done.document["messages"]}
    assert by_id["kept-1"]["places"] == ["PoisonMessages"]
    assert by_id[queued]["places"] == ["raw-mail-poison"]
    assert {m["queue"]: m["transaction_id"] for m in by_id.values()} == {TO_POST: ID, RAW_MAIL: ID}
    assert {m["body"] for m in by_id.values()} == {WORK.decode()}

    shown = place.run("poison", "list")
    assert shown.code == 3
    assert "2 poison messages" in shown.out
    assert "kept-1" in shown.out


def test_listing_hides_nothing_from_the_tick(place: Place) -> None:
    place.poison(RAW_MAIL, WORK)
    place.run("poison", "list")
    assert len(place.do(place.queues.poisoned(RAW_MAIL))) == 1


def test_no_poison_is_all_right_and_makes_no_table(place: Place) -> None:
    done = place.run("poison", "list")
    assert (done.code, done.out) == (0, "0 poison messages\n")
    assert place.names() == set()


def test_a_message_that_waits_for_its_card_is_one_message(place: Place) -> None:
    queued = place.poison(NOTIFY, WORK)
    place.keep(NOTIFY, queued, WORK.decode(), ID)
    (message,) = place.run("poison", "list", "--json").document["messages"]
    assert message["places"] == ["PoisonMessages", "notify-poison"]
    assert place.run("poison", "retry", queued).code == 0
    assert place.bodies(NOTIFY) == [WORK]
    assert place.entities("PoisonMessages") == []
    assert place.bodies("notify-poison") == []


def test_a_message_that_the_tick_holds_is_counted(place: Place) -> None:
    place.poison(RAW_MAIL, WORK)
    place.do(place.queues.poisoned(RAW_MAIL))
    done = place.run("poison", "list")
    assert done.code == 3
    assert "raw-mail-poison holds 1 more" in done.out


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"\x1b[2J[red]oops[/red]\r\n{", id="control characters and markup"),
        pytest.param(b"\xff\xfe\x00", id="no text"),
        pytest.param("Ünïcode \N{RIGHT-TO-LEFT OVERRIDE}gnp".encode(), id="text that runs backwards"),
        pytest.param(b"", id="empty"),
    ],
)
def test_a_hostile_body_is_shown_as_text_and_put_back_byte_by_byte(place: Place, body: bytes) -> None:
    queued = place.poison(RAW_MAIL, body)
    done = place.run("poison", "show", queued)
    assert done.code == 0
    assert all(character.isprintable() for character in done.out.replace("\n", ""))
    document = place.run("poison", "show", queued, "--json").document
    text, in_hex = document["body"], document["body_hex"]
    assert (text.encode() if text is not None else bytes.fromhex(in_hex)) == body
    assert place.run("poison", "retry", queued).code == 0
    assert place.bodies(RAW_MAIL) == [body]


def test_markup_and_escapes_are_printed_as_they_are_written(place: Place) -> None:
    queued = place.poison(RAW_MAIL, b"[red]a\x1bb[/red]")
    assert "[red]a\\x1bb[/red]" in place.run("poison", "show", queued).out


def test_a_body_that_never_was_base64_is_put_back_as_it_is(place: Place) -> None:
    queued = place.poison(RAW_MAIL, b"{no base64}", is_base64=False)
    place.run("poison", "retry", queued)
    assert place.bodies(RAW_MAIL) == [b"{no base64}"]


def test_all_are_put_back_once(place: Place) -> None:
    place.keep(TO_POST, "kept-1", WORK.decode(), ID)
    place.keep(ADD_VENDOR, "kept-2", VENDOR)
    for _ in range(3):
        place.poison(RAW_MAIL, WORK)
    done = place.run("poison", "retry", "--all", "--json")
    assert done.code == 0
    assert len(done.document["retried"]) == 5
    assert [len(place.bodies(queue)) for queue in (TO_POST, ADD_VENDOR, RAW_MAIL)] == [1, 1, 3]
    again = place.run("poison", "retry", "--all")
    assert (again.code, again.out) == (0, "there are no poison messages\n")
    assert len(place.bodies(TO_POST)) == 1


def test_one_that_is_put_back_already_is_named_and_the_others_are_put_back(place: Place) -> None:
    place.keep(TO_POST, "kept-1", WORK.decode(), ID)
    place.keep(TO_POST, "kept-2", WORK.decode(), ID)
    place.run("poison", "retry", "kept-1")
    done = place.run("poison", "retry", "kept-1", "kept-2")
    assert done.code == 3
    assert done.errors == (
        "poison retry: there is no poison message kept-1: put back or dropped already? see: poison list\n"
    )
    assert place.bodies(TO_POST) == [WORK, WORK]


class _Broken(Tables):
    """Tables of an account that cannot be reached any more."""

    async def run(self, name: str, operation: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        raise ConnectionError(name)


async def _broken_off(message_id: str) -> None:
    with opened() as account:
        (message,) = [each for each in (await read_poison(account)).messages if each.id == message_id]
        with pytest.raises(ConnectionError):
            await put_back(replace(account, reading=_Broken(account.reading._service)), message)


def test_a_retry_that_breaks_off_leaves_the_message(place: Place) -> None:
    place.keep(TO_POST, "kept-1", WORK.decode(), ID)
    place.do(_broken_off("kept-1"))
    assert place.bodies(TO_POST) == [WORK]
    assert len(place.entities("PoisonMessages")) == 1


@pytest.mark.parametrize("body", ["x" * 40_000, "a\N{REPLACEMENT CHARACTER}b"], ids=["too long", "was no text"])
def test_what_was_kept_in_part_is_not_put_back(place: Place, body: str) -> None:
    place.keep(ADD_VENDOR, "kept-1", body)
    done = place.run("poison", "retry", "--all")
    assert done.code == 3
    assert "kept in part only" in done.errors
    assert place.bodies(ADD_VENDOR) == []
    assert len(place.entities("PoisonMessages")) == 1
    assert "not all that it was" in place.run("poison", "show", "kept-1").out


def test_a_message_is_dropped_after_a_yes(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.keep(TO_POST, "kept-1", WORK.decode(), ID)
    queued = place.poison(RAW_MAIL, WORK)
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    done = place.run("poison", "drop", "kept-1", queued)
    assert done.code == 0
    assert "delete 2 messages for good? [y/N]" in done.errors
    assert place.run("poison", "list").code == 0
    assert place.bodies(RAW_MAIL) == []


@pytest.mark.parametrize("answer", ["n\n", "", "\n", "yess\n"])
def test_without_a_yes_nothing_is_dropped(place: Place, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    place.keep(TO_POST, "kept-1", WORK.decode(), ID)
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    done = place.run("poison", "drop", "kept-1")
    assert done.code == 1
    assert "nothing was deleted" in done.errors
    assert len(place.entities("PoisonMessages")) == 1


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["table", "json"])
def test_a_vendor_is_printed_before_it_is_dropped(place: Place, options: tuple[str, ...]) -> None:
    place.keep(ADD_VENDOR, "kept-1", VENDOR)
    done = place.run("poison", "drop", "kept-1", "--yes", *options)
    assert done.code == 0
    shown = done.document["dropped"][0]["body"] if options else done.out
    assert VENDOR in shown
    again = place.run("poison", "drop", "kept-1", "--yes", *options)
    assert again.code == 3
    assert "there is no poison message kept-1" in again.errors


def test_an_id_that_nobody_has_is_said_to_be_unknown(place: Place) -> None:
    done = place.run("poison", "show", "nobody", "--json")
    assert (done.code, done.out) == (3, "")
    assert "there is no poison message nobody" in done.errors


@pytest.mark.parametrize("arguments", [("retry",), ("retry", "x", "--all"), ("drop",), ()], ids=" ".join)
def test_what_is_to_be_done_must_be_said(place: Place, arguments: tuple[str, ...]) -> None:
    done = place.run("poison", *arguments)
    assert done.code == 2
    assert "usage: python -m infrastructure.operations poison" in done.errors
