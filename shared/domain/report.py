"""What a delivery report (RFC 3464) says about a mail of ours, and whether to believe it."""

from dataclasses import dataclass

from shared.domain.mail import Mail, domain_of
from shared.domain.sender import SHARED_DOMAINS, Authenticity, authenticity, is_within


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


def is_believed(
    report: DeliveryReport, mail: Mail, *, recipient: str, vendor: str, own_domains: frozenset[str]
) -> bool:
    """Whether the mail that brings a report comes from whoever can know that `recipient` did not get a forward.

    That is our own tenant, or the server of the recipient. Somebody behind it may miss a mail that the recipient has.
    A vendor can work out the ids of its own mails, so it has no say about them.
    """
    if not recipient or recipient not in report.recipients:
        return False
    theirs = frozenset({domain_of(recipient)})
    if is_within(domain_of(recipient), SHARED_DOMAINS) or is_within(domain_of(vendor), theirs):
        theirs = frozenset()
    if not is_within(domain_of(mail.sender), own_domains | theirs):
        return False
    return authenticity(mail, own_domains) in {Authenticity.PROVEN, Authenticity.UNKNOWN}
