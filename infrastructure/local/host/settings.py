"""App settings as the host looks them up: blind to case, `:` and `__` alike."""

import json
import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path

_REFERENCE = re.compile(r"%([^%]+)%")
_STORAGE = "AzureWebJobsStorage"
_IDENTITY_PARTS = ("__serviceUri", "__queueServiceUri", "__accountName", "__credential")
# What UseDevelopmentStorage=true stands for: https://learn.microsoft.com/azure/storage/common/storage-connect-azurite
_DEVELOPMENT = (
    "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;"
    "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;"
    "BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1;"
    "TableEndpoint=http://127.0.0.1:10002/devstoreaccount1;"
)


class SettingError(ValueError):
    """A setting that a function needs is missing or cannot be used."""


@dataclass(frozen=True, slots=True)
class AppSettings:
    """The settings of one app."""

    values: Mapping[str, str]

    @staticmethod
    def of(environment: Mapping[str, str]) -> "AppSettings":
        """Takes an environment as it is."""
        return AppSettings({_key(name): value for name, value in environment.items()})

    def get(self, name: str) -> str | None:
        """The value of a setting, None when it is not set."""
        return self.values.get(_key(name))

    def resolve(self, text: str) -> str:
        """The text with every %Name% replaced by that setting."""

        def value(match: re.Match[str]) -> str:
            found = self.get(match[1])
            if not found:
                raise SettingError(f"'%{match[1]}%' does not resolve to a value.")
            return found

        return _REFERENCE.sub(value, text)

    def connection_string(self, connection: str) -> str:
        """The storage connection that a binding's connection property names."""
        name = connection or _STORAGE
        value = self.get("AzureWebJobs" + name) or self.get(name)
        if value:
            return _DEVELOPMENT if value.strip().rstrip(";") == "UseDevelopmentStorage=true" else value
        if any(self.get(name + part) for part in _IDENTITY_PARTS):
            raise SettingError(
                f"connection '{name}' is identity-based, which the local host does not support; "
                f"set {name} to a connection string"
            )
        raise SettingError(f"connection string '{name}' is missing or empty")

    def disabled(self, function: str) -> bool:
        """Whether the function gets no trigger: https://learn.microsoft.com/azure/azure-functions/disable-function."""
        flags = (self.get(f"AzureWebJobs.{function}.Disabled"), self.get(f"AzureWebJobs_{function}_Disabled"))
        return any(flag is not None and flag.strip().lower() in {"1", "true"} for flag in flags)


def add_local_settings(app: Path, environment: MutableMapping[str, str]) -> None:
    """Puts the Values of local.settings.json below the environment: what is set already stays."""
    path = app / "local.settings.json"
    if not path.is_file():
        return
    try:
        document = json.loads(path.read_text("utf-8-sig"))
        values = {str(name): str(value) for name, value in (document.get("Values") or {}).items()}
    except (ValueError, AttributeError) as error:
        raise SettingError(f"{path} is not the JSON of local settings: {error}") from error
    if document.get("IsEncrypted"):
        raise SettingError(f"{path} is encrypted; decrypt it with: func settings decrypt")
    for name, value in values.items():
        environment.setdefault(name, value)


def _key(name: str) -> str:
    return name.replace("__", ":").lower()
