"""The app settings: their names, what of them can be no secret, and the Key Vault references among them."""

from collections.abc import Iterator, Mapping

from infrastructure.operations.diagnose.advice import Advisor
from infrastructure.operations.diagnose.evidence import Evidence, Reference, Setting
from infrastructure.operations.diagnose.signs.sign import QUOTED, Sign
from infrastructure.operations.diagnose.texts import Kind
from infrastructure.operations.show import one_line
from shared.settings import STORAGE

# What the host or the app does not start without; MAIL_INGEST_SCHEDULE is resolved by the host, see function_app.py.
REQUIRED = (
    "FUNCTIONS_EXTENSION_VERSION",
    "FUNCTIONS_WORKER_RUNTIME",
    "MAIL_INGEST_SCHEDULE",
    "INVOICE_MAILBOX",
    "AP_MAILBOX",
)
_PACKAGE_SETTINGS = {  # the verified package, mounted as it is
    "WEBSITE_RUN_FROM_PACKAGE": "1",
    "SCM_DO_BUILD_DURING_DEPLOYMENT": "false",
    "ENABLE_ORYX_BUILD": "false",
}
_PENDING = {"", "Initialized"}  # not looked up yet
_MISSING = {"SecretNotFound", "SecretVersionNotFound"}


def is_disabled_flag(name: str) -> bool:
    """Whether the setting keeps one function from being triggered."""
    return name.startswith("AzureWebJobs.") and name.endswith(".Disabled")


def signs(evidence: Evidence, advisor: Advisor) -> Iterator[Sign]:
    """What speaks for the settings."""
    if evidence.settings is not None:
        yield from _of_required(evidence.settings, advisor)
        yield from _of_package(evidence.settings, advisor)
        yield from _of_disabled(evidence, evidence.settings, advisor)
    for reference in evidence.references:
        yield from _of_reference(reference, advisor)


def _of_required(settings: Mapping[str, Setting], advisor: Advisor) -> Iterator[Sign]:
    absent = [name for name in REQUIRED if name not in settings]
    if not any(name == STORAGE or name.startswith(f"{STORAGE}__") for name in settings):
        absent.append(f"{STORAGE}__accountName")
    empty = [name for name in REQUIRED if name in settings and settings[name].is_empty]
    if absent:
        yield Sign(Kind.SETTINGS, 88, f"settings that are not there: {', '.join(absent)}", advisor.settings())
    if empty:
        yield Sign(Kind.SETTINGS, 85, f"settings that are empty: {', '.join(empty)}", advisor.settings())
    worker = settings.get("FUNCTIONS_WORKER_RUNTIME")
    if worker and worker.shown not in {"", "python"}:
        what = f"FUNCTIONS_WORKER_RUNTIME is {worker.shown}, not python"
        yield Sign(Kind.SETTINGS, 95, what, advisor.settings())


def _of_package(settings: Mapping[str, Setting], advisor: Advisor) -> Iterator[Sign]:
    for name, wanted in _PACKAGE_SETTINGS.items():
        found = settings[name].shown if name in settings else ""
        if found.lower() != wanted:
            what = f"{name} is {found or 'not set'}, not {wanted}: what runs may not be the package that was verified"
            yield Sign(Kind.SETTINGS, 30, what, advisor.settings(), supports=name != "WEBSITE_RUN_FROM_PACKAGE")
            yield Sign(Kind.CORRUPT_PACKAGE, 30, what, advisor.settings(), supports=True)


def _of_disabled(evidence: Evidence, settings: Mapping[str, Setting], advisor: Advisor) -> Iterator[Sign]:
    flags = {name: setting for name, setting in settings.items() if is_disabled_flag(name)}
    loose = sorted(name for name, setting in flags.items() if not setting.is_sticky)
    if loose:
        what = f"not sticky, so a swap carries them to the other slot: {', '.join(loose)}"
        yield Sign(Kind.SETTINGS, 50, what, advisor.settings())
    off = {name.split(".")[1] for name, setting in flags.items() if setting.shown.lower() in {"1", "true"}}
    off |= {function.name for function in evidence.functions or () if function.is_disabled}
    if off and evidence.is_production:
        yield Sign(Kind.SETTINGS, 88, f"functions disabled in production: {', '.join(sorted(off))}", advisor.settings())


def _of_reference(reference: Reference, advisor: Advisor) -> Iterator[Sign]:
    if reference.status in {"Resolved", *_PENDING}:
        return
    details = f": {one_line(reference.details)[:QUOTED]}" if reference.details else ""
    what = f"the Key Vault reference of {reference.name} is not resolved: {reference.status}{details}"
    advice = advisor.reference(reference.vault, reference.entry, is_missing=reference.status in _MISSING)
    yield Sign(Kind.SETTINGS, 90, what, advice)
