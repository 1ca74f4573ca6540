"""App settings as the host looks them up: blind to case, `:` and `__` alike."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from infrastructure.local_settings import SettingError

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


def _key(name: str) -> str:
    return name.replace("__", ":").lower()
