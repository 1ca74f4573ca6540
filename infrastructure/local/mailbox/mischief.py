"""Lists and forwards that are not what they should be, where a rule wants it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random

from infrastructure.local.mailbox import listing
from infrastructure.local.mailbox.exchange import encode_query
from infrastructure.local.mailbox.fault import Fault
from infrastructure.local.mailbox.item import Item
from infrastructure.local.mailbox.mail import Attachment, Mail
from infrastructure.local.mailbox.store import Store
from infrastructure.local.mailbox.whims import Whims

_REPEATED = 1 / 4  # of a page, and at least one
_Page = tuple[list[Item], str | None]


def searchable(store: Store, items: list[Item], options: Mapping[str, str], whims: Whims) -> list[Item]:
    """Return the mails that a search for a property sees: perhaps not yet what has just changed."""
    if not listing.is_property_search(options):
        return items

    def is_old(item: Item, fault: Fault) -> bool:
        return store.seconds_since_change(item) >= float(fault.options["seconds"])

    def hides(fault: Fault) -> bool:
        found, _ = listing.select(items, options, store)
        return not all(is_old(item, fault) for item in found)

    lag = whims.take("search_lags", applies=hides)
    return items if lag is None else [item for item in items if is_old(item, lag.fault)]


def disordered(page: list[Item], following: str | None, options: Mapping[str, str], whims: Whims) -> _Page:
    """Return a page as it is shown: perhaps empty at first, with items twice, or in another order."""
    if page and whims.take("empty_page") is not None:
        return [], encode_query(options)
    shown = page
    if page and (repeats := whims.take("duplicate_items")) is not None:
        shown = _with_repeats(shown, repeats.choice)
        if following is not None and len(page) > 1:  # a page of one item would follow itself
            following = listing.next_query(options, page[-2])
    if len(page) > 1 and (order := whims.take("reordered_items")) is not None:
        shown = _in_other_order(shown, order.choice)
    return shown, following


def _with_repeats(page: Sequence[Item], choice: Random) -> list[Item]:
    shown = list(page)
    for item in choice.sample(page, max(1, int(len(page) * _REPEATED))):
        shown.insert(choice.randint(0, len(shown)), item)
    return shown


def _in_other_order(page: Sequence[Item], choice: Random) -> list[Item]:
    shown = choice.sample(page, len(page))
    return shown if shown != page else shown[::-1]


def forwarded(mail: Mail, whims: Whims) -> tuple[Attachment, ...]:
    """Return the attachments that a forward gets: perhaps not the last one, or only half of the largest."""
    attachments = mail.attachments
    if attachments and whims.take("attachment_lost") is not None:
        attachments = attachments[:-1]
    largest = max(attachments, key=mail.size, default=None)
    if largest is not None and mail.size(largest) > 1 and whims.take("attachment_shrunk") is not None:
        attachments = tuple(_half(each) if each is largest else each for each in attachments)
    return attachments


def _half(attachment: Attachment) -> Attachment:
    part = attachment.part
    return replace(attachment, part=replace(part, end=part.start + (part.end - part.start) // 2))
