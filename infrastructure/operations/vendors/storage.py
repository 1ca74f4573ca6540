"""The vendor master in the tables of the app, as the environment names them."""

from infrastructure.operations.account import connecting, environment
from shared.stages.add_vendor import VendorDesk
from shared.wiring import vendor_desk


def desk() -> VendorDesk:
    """The way in for vendors; raises InvalidSettings, SettingError."""
    settings = environment()
    with connecting():
        return vendor_desk(settings)
