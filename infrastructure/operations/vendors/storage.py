"""The vendor master in the tables of the app, as the environment names them."""

import os

from infrastructure.checkout import checkout
from infrastructure.local_settings import add_local_settings
from infrastructure.operations.vendors.table import UnusableFile
from shared.stages.add_vendor import VendorDesk
from shared.wiring import vendor_desk


def desk() -> VendorDesk:
    """The way in for vendors; raises InvalidSettings, SettingError, UnusableFile."""
    environment = dict(os.environ)
    add_local_settings(checkout(), environment)
    try:
        return vendor_desk(environment)
    except ValueError as error:  # the SDK's, whose text may hold the key
        raise UnusableFile("AzureWebJobsStorage: no connection string of a storage account") from error
