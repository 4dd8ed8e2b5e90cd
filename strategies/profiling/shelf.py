"""Profiles of the user's own models, kept on this machine: one file a package version."""

import re
from collections.abc import Mapping
from pathlib import Path

from data.errors import InvalidValue
from data.home import home
from data.naming import NAME
from data.profile import ServiceProfile


def profile_file(version: str) -> Path:
    """Where the profile of that package version is, or would be."""
    if not re.fullmatch(NAME, version):
        raise InvalidValue("version", version, "is no version of a package", "choose one from the shelf")
    return home() / "profiles" / f"{version}.json"


def keep_profile(version: str, profile: ServiceProfile) -> Path:
    """Put it on the shelf, in the place of an earlier one of the same version."""
    path = profile_file(version)
    profile.save(path)
    return path


def kept_profiles() -> Mapping[str, Path]:
    """Package version to the file of its profile."""
    return {path.stem: path for path in sorted((home() / "profiles").glob("*.json")) if re.fullmatch(NAME, path.stem)}
