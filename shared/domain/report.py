"""What a delivery report (RFC 3464) says about a mail of ours."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """The parts of a report that matter: the verdict, and every trace of the mail it speaks of.

    `failed` is true only for `Action: failed` (RFC 3464, 2.3.3): delayed, relayed and delivered are no bounces.
    `message_ids` come from In-Reply-To, References and the returned headers; `text` is the returned subject and the
    readable part, cut to 64 KiB, for the reference that our subjects end in. Nothing of it is proof: anybody can send
    a report.
    """

    failed: bool
    message_ids: tuple[str, ...]
    text: str
    recipients: tuple[str, ...] = ()  # original and final ones of what failed, lower case
