"""The version of the API that a platform speaks."""

from __future__ import annotations

import pytest

from dataforce.config import APIVersion, Settings
from dataforce.errors import APIResponseValidationError
from dataforce_remote.http.version import Version

OLDER, NEWER = APIVersion.DECEMBER_2025, APIVersion.JANUARY_2026


@pytest.mark.parametrize(
    ("url", "likely"),
    [
        ("https://api.dataforce.studio", OLDER),
        ("https://API.dataforce.studio:8443/prefix", OLDER),
        ("https://api.luml.ai", NEWER),
        ("https://platform.example", NEWER),
    ],
)
def test_the_address_gives_a_first_guess(url: str, likely: APIVersion) -> None:
    version = Version(Settings(base_url=url))
    assert (version.known, version.likely) == (None, likely)

    for learned in (NEWER, OLDER):
        version.learn(learned)
        assert (version.known, version.likely) == (learned, learned)


def test_a_pinned_version_stays() -> None:
    version = Version(Settings(base_url="https://api.luml.ai", api_version=OLDER))
    version.learn(OLDER)

    with pytest.raises(APIResponseValidationError, match="Remove that setting, or set it to 2026"):
        version.learn(NEWER)

    assert version.likely == OLDER
