"""The bill of materials: the distributions in a package, as CycloneDX."""

import json
import uuid
from collections.abc import Iterable, Mapping
from email.parser import HeaderParser
from typing import Any

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

from infrastructure.package.contents import Contents
from infrastructure.package.places import SITE
from infrastructure.package.site import Distribution


def render(app: tuple[str, str], contents: Contents, sha256: str, reasons: Mapping[str, tuple[str, ...]]) -> str:
    """The bill of materials as JSON, the same for the same zip; `app` is name and version."""
    root = Component(
        name=app[0],
        version=app[1],
        type=ComponentType.APPLICATION,
        bom_ref=app[0],
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=sha256)],
    )
    components = {each.name: _component(each, contents) for each in contents.distributions}
    bom = Bom(
        serial_number=uuid.uuid5(uuid.NAMESPACE_OID, sha256),
        metadata=BomMetaData(component=root),
        components=components.values(),
    )
    for name, component in components.items():
        for parent in _parents(reasons.get(name, ()), components, root):
            bom.register_dependency(parent, [component])
    text = make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string()
    return _without_clock(text)


def _component(distribution: Distribution, contents: Contents) -> Component:
    text = contents.members[f"{SITE}{distribution.metadata}/METADATA"].content.decode("utf-8")
    headers = HeaderParser().parsestr(text)
    stated = headers["License-Expression"] or headers["License"] or ""
    url = PackageURL("pypi", name=distribution.name, version=distribution.version)
    return Component(
        name=distribution.name,
        version=distribution.version,
        type=ComponentType.LIBRARY,
        scope=ComponentScope.EXCLUDED if distribution.name in contents.without_code else ComponentScope.REQUIRED,
        bom_ref=url.to_string(),
        purl=url,
        description=headers["Summary"],
        # Old metadata may hold the whole text of a licence instead of its name.
        licenses=[LicenseFactory().make_from_string(stated)] if stated and "\n" not in stated else [],
    )


def _parents(names: Iterable[str], components: Mapping[str, Component], root: Component) -> list[Component]:
    """What asked for a distribution: others, or the app itself where requirements.txt names it."""
    return [components.get(name, root) for name in names]


def _without_clock(text: str) -> str:
    document: dict[str, Any] = json.loads(text)
    document["metadata"].pop("timestamp", None)
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
