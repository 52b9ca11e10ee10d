"""Shared by the tests of settings: loading that is refused, values of every setting, a canary."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from dataforce.config import MaskedURL, load_settings
from dataforce.errors import ConfigurationError

CANARY = "canary-4f1d9c"
Write = Callable[..., Path]


def refused(
    values: dict[str, object] | None = None,
    *,
    client_name: str | None = None,
    configuration_file: str | os.PathLike[str] | None = None,
    **environment: str,
) -> str:
    """Load settings that must be refused; give the message."""
    with pytest.raises(ConfigurationError) as caught:
        load_settings(
            values or {},
            client_name=client_name,
            configuration_file=configuration_file,
            environment=environment,
        )
    return caught.value.message


VALUES = {
    "base_url": "https://{}.example",
    "api_key": "dfs_{}",
    "organization": "{}",
    "orbit": "{}",
    "collection": "{}",
    "backend_type": "{}",
    "database_url": "sqlite:///{}",
    "storage_url": "s3://{}",
    "retry_timeout": 1,
    "timeout": 1,
    "api_version": "2025-12",
    "proxy": "http://{}.example:3128",
    "ca_bundle": "/etc/{}.pem",
    "client_certificate": "/home/{}.pem",
    "insecure": True,
    "progress": True,
    "read_only": True,
    "overlay": "{}",
    "offline": True,
    "cache_size": 1,
}
SOURCES = ["defaults", "file", "unnamed", "named", "code"]  # the weakest first


def value_from(source: str, setting: str) -> object:
    pattern = VALUES[setting]
    if isinstance(pattern, str):
        return pattern.format(source)
    return SOURCES.index(source) % 2 == 0 if pattern is True else SOURCES.index(source) + 1


def plain(value: object) -> object:
    return value.get_secret_value() if isinstance(value, SecretStr | MaskedURL) else value


SECRETS: dict[str, str] = {
    "api_key": CANARY,
    "database_url": f"postgresql://me:{CANARY}@db.example/a?password={CANARY}",
    "storage_url": f"s3://me:{CANARY}@bucket/{{}}?token={CANARY}",
    "proxy": f"http://me:{CANARY}@proxy.example:3128",
}


def assert_no_canary(error: BaseException | None) -> None:
    while error is not None:
        shown = [str(error), repr(error), repr(error.args), repr(vars(error))]
        shown += traceback.format_exception_only(error)
        if isinstance(error, ValidationError):
            shown.append(repr(error.errors()))
        assert not [text for text in shown if CANARY in text]
        error = error.__cause__ or error.__context__
