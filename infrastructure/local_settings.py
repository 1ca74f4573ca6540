"""local.settings.json, where an app's settings lie on a developer's machine."""

import json
from collections.abc import MutableMapping
from pathlib import Path


class SettingError(ValueError):
    """A setting that is needed is missing or cannot be used."""


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
