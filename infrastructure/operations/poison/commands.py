"""python -m infrastructure.operations poison ACTION."""

import argparse
from collections.abc import Sequence
from typing import Any

from infrastructure.operations.account import Account
from infrastructure.operations.command import complain, declare
from infrastructure.operations.confirm import confirmed
from infrastructure.operations.exits import AT_FAULT, COULD_NOT_RUN, OK
from infrastructure.operations.poison.messages import Poison, Poisoned, put_back, read_poison, remove
from infrastructure.operations.show import as_text, print_json, print_line, print_table
from shared.domain.messages import ADD_VENDOR

_KEYS = (
    "id, queue, places (PoisonMessages, <queue>-poison), reason, inserted_at, transaction_id (may be empty),\n"
    "  is_whole (bool: false where the table kept a part only), body (text, else null), body_hex (bytes, else null)"
)
_HEADINGS = ("id", "queue", "lies in", "since", "transaction", "reason")
_MISSING = "some id is no poison message (put back or dropped already, or mistyped); the others were handled"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions of `poison`."""
    parser.description = (
        "Messages that their function could not take: in the table PoisonMessages and in poison queues."
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    _declare_looks(actions)
    _declare_changes(actions)


def _declare_looks(actions: Any) -> None:
    action = _action(actions, "list", "show all of them")
    keys = f"  messages: array of {_KEYS};\n  unseen: queue to number of messages that its poison queue does not show"
    declare(action, _list, "Show all of them, oldest first.", at_fault="there are any", json=keys)
    action = _action(actions, "show", "show one with its body")
    declare(action, _show, "Show one with its body.", at_fault="there is no such message", json=f"  {_KEYS}")
    action.add_argument("id", metavar="ID", help="as `poison list` shows it")


def _declare_changes(actions: Any) -> None:
    action = _action(actions, "retry", "put some, or all, back on their queues")
    keys = f"  retried, refused: arrays of {_KEYS};\n  missing: array of ids"
    text = (
        "Put messages back on their queues, then delete them here. Broken off in between, a message is sent twice:\n"
        "that is no harm, a message is a hint that its row wants work. The tick does not see the other messages of\n"
        "the same poison queue for a minute."
    )
    at_fault = f"{_MISSING};\n  or one was kept in part only and cannot be put back"
    declare(action, _retry, text, at_fault=at_fault, json=keys)
    which = action.add_mutually_exclusive_group(required=True)
    which.add_argument("id", nargs="*", default=[], metavar="ID", help="as `poison list` shows it")
    which.add_argument("--all", action="store_true", help="all that are listed")
    action = _action(actions, "drop", "delete some for good")
    text = (
        "Delete messages for good, after a question. A mail that one of them was about is driven again by itself.\n"
        "The vendor in an add-vendor message is lost: it is printed before."
    )
    declare(action, _drop, text, at_fault=_MISSING, json=f"  dropped: array of {_KEYS};\n  missing: array of ids")
    action.add_argument("id", nargs="+", metavar="ID", help="as `poison list` shows it")
    action.add_argument("--yes", action="store_true", help="do not ask")


def _action(actions: Any, name: str, purpose: str) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = actions.add_parser(name, help=purpose)
    return made


async def _list(arguments: argparse.Namespace, account: Account) -> int:
    poison = await read_poison(account)
    if arguments.json:
        print_json({"messages": [message.as_object() for message in poison.messages], "unseen": poison.unseen})
    else:
        _print_list(poison)
    return AT_FAULT if poison.messages or poison.unseen else OK


def _print_list(poison: Poison) -> None:
    if poison.messages:
        print_table("poison messages", _HEADINGS, map(_cells, poison.messages))
    for queue, count in poison.unseen.items():
        print_line(f"{queue}-poison holds {count} more that it does not show now: the tick is keeping them")
    print_line(f"{len(poison.messages)} poison messages")


def _cells(message: Poisoned) -> tuple[object, ...]:
    places = ", ".join(message.places)
    return message.id, message.queue, places, message.inserted_at, message.transaction_id, message.reason


async def _show(arguments: argparse.Namespace, account: Account) -> int:
    chosen, missing = _chosen(await read_poison(account), [arguments.id])
    _complain_of(arguments, missing)
    for message in chosen:
        if arguments.json:
            print_json(message.as_object())
        else:
            _print_whole(message)
    return AT_FAULT if missing else OK


def _print_whole(message: Poisoned) -> None:
    for name, value in zip(_HEADINGS, _cells(message), strict=True):
        print_line(f"{name}: {as_text(value)}")
    if not message.is_whole:
        print_line("what follows is not all that it was: the table keeps text alone, and 30,000 characters of it")
    print_line(_body(message))


def _body(message: Poisoned) -> str:
    return message.text if message.text is not None else f"no text, in hex: {message.body.hex(' ')}"


def _chosen(poison: Poison, ids: Sequence[str]) -> tuple[list[Poisoned], list[str]]:
    """Those with these ids, and the ids that none has."""
    known = {message.id: message for message in poison.messages}
    wanted = dict.fromkeys(ids)
    return [known[each] for each in wanted if each in known], [each for each in wanted if each not in known]


def _complain_of(arguments: argparse.Namespace, missing: Sequence[str]) -> None:
    for each in missing:
        complain(arguments, f"there is no poison message {each}: put back or dropped already? see: poison list")


async def _retry(arguments: argparse.Namespace, account: Account) -> int:
    poison = await read_poison(account)
    ids = [message.id for message in poison.messages] if arguments.all else arguments.id
    chosen, missing = _chosen(poison, ids)
    retried = [message for message in chosen if message.is_whole]
    refused = [message for message in chosen if not message.is_whole]
    for message in retried:
        await put_back(account, message)
        if not arguments.json:
            print_line(f"{message.id}: put back on {message.queue}")
    for message in refused:
        complain(arguments, f"{message.id} was kept in part only and cannot be put back; see: poison show {message.id}")
    _complain_of(arguments, missing)
    if arguments.json:
        print_json({"retried": _objects(retried), "refused": _objects(refused), "missing": missing})
    elif not chosen and not missing:
        print_line("there are no poison messages")
    return AT_FAULT if refused or missing else OK


async def _drop(arguments: argparse.Namespace, account: Account) -> int:
    chosen, missing = _chosen(await read_poison(account), arguments.id)
    _complain_of(arguments, missing)
    if not arguments.json:
        for message in chosen:
            _print_last_sight(message)
    if chosen and not arguments.yes and not confirmed(f"delete {len(chosen)} messages for good?"):
        complain(arguments, "nothing was deleted; answer y, or give --yes")
        return COULD_NOT_RUN
    if arguments.json:  # before, so that nothing is lost unseen
        print_json({"dropped": _objects(chosen), "missing": missing})
    for message in chosen:
        await remove(account, message)
        if not arguments.json:
            print_line(f"{message.id}: dropped")
    return AT_FAULT if missing else OK


def _print_last_sight(message: Poisoned) -> None:
    print_line(f"{message.id} of {message.queue}: {message.reason}")
    if message.queue == ADD_VENDOR:
        print_line("this vendor was never written; to add it after all, use `vendors add` with what stands here:")
        print_line(_body(message))


def _objects(messages: Sequence[Poisoned]) -> list[dict[str, Any]]:
    return [message.as_object() for message in messages]
