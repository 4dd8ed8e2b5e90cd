"""The reference profile: the car dealership as it was measured once, for whoever has measured nothing yet."""

from pathlib import Path

from data.profile import ServiceProfile

FILE = Path(__file__).with_name("dealership.json")


def reference_profile() -> ServiceProfile:
    """The profile that ships with Drydock; its machine and date are in it. Measured by this folder's `__main__`."""
    return ServiceProfile.load(FILE)
