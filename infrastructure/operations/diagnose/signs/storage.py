"""The storage account, and whether the app's identity may use it."""

from collections.abc import Iterator

from infrastructure.operations.diagnose.advice import Advisor
from infrastructure.operations.diagnose.evidence import Account, Evidence
from infrastructure.operations.diagnose.signs.sign import Sign
from infrastructure.operations.diagnose.texts import Kind
from shared.settings import STORAGE

# https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/storage
ROLES = {
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": "Storage Queue Data Contributor",
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Storage Table Data Contributor",
}
_ABSENT = ("ResourceNotFound", "was not found", "could not be found")


def signs(evidence: Evidence, advisor: Advisor) -> Iterator[Sign]:
    """What speaks for storage."""
    if any(text in evidence.unanswered.get("storage_account", "") for text in _ABSENT):
        what = "the storage account that the settings name does not exist, or lies in another subscription"
        yield Sign(Kind.STORAGE, 90, what, advisor.storage_account())
    if evidence.account:
        yield from _of_account(evidence, evidence.account, advisor)
        if not uses_key(evidence):
            yield from _of_roles(evidence, evidence.account, advisor)
    if not uses_key(evidence):
        yield from _of_identity(evidence, advisor)


def uses_key(evidence: Evidence) -> bool:
    """Whether the plain connection string is there, which wins over everything else."""
    setting = (evidence.settings or {}).get(STORAGE)
    return setting is not None and setting.has_key


def _of_account(evidence: Evidence, account: Account, advisor: Advisor) -> Iterator[Sign]:
    if account.provisioning not in {"", "Succeeded"} or account.primary not in {"", "available"}:
        what = f"the storage account is {account.provisioning or '?'}, its primary region {account.primary or '?'}"
        yield Sign(Kind.STORAGE, 80, what, advisor.storage_account())
    if account.is_closed and evidence.app and not evidence.app.has_network:
        what = "the storage account's network rules let in nobody from outside, and the app is in no virtual network"
        yield Sign(Kind.STORAGE, 85, what, advisor.storage_account())
    if uses_key(evidence) and not account.is_shared_key_allowed:
        what = f"{STORAGE} holds a key, and the storage account takes none"
        yield Sign(Kind.STORAGE, 92, what, advisor.settings())


def _of_roles(evidence: Evidence, account: Account, advisor: Advisor) -> Iterator[Sign]:
    if evidence.grants is None or not account.id:
        return
    granted = {grant.role for grant in evidence.grants if _covers(grant.scope, account.id)}
    lacking = [name for role, name in ROLES.items() if role not in granted]
    if lacking:
        what = f"the app's identity lacks on the storage account: {', '.join(lacking)}"
        yield Sign(Kind.STORAGE, 85, what, advisor.role(lacking[0]))


def _covers(scope: str, account: str) -> bool:
    """Whether a grant at a scope holds for the account: it is the account or something that the account lies in."""
    return f"{account.casefold()}/".startswith(f"{scope.casefold().rstrip('/')}/")


def _of_identity(evidence: Evidence, advisor: Advisor) -> Iterator[Sign]:
    setting = (evidence.settings or {}).get(f"{STORAGE}__clientId")
    if setting is None or evidence.app is None or not setting.shown:
        return
    if setting.shown.casefold() not in {client.casefold() for client in evidence.app.clients}:
        what = f"{STORAGE}__clientId names an identity that the app does not have"
        yield Sign(Kind.STORAGE, 90, what, advisor.identity())
