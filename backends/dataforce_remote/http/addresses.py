"""The addresses that a signed URL may lead to.

The platform names the URLs of model files, and a bucket redirects to others. Neither may lead into
the machine of the user or its network, such as 169.254.169.254, where machines in a cloud keep
their credentials; unless the platform is in that network itself.
"""

from __future__ import annotations

import ipaddress
import socket
from contextlib import suppress
from enum import IntEnum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dataforce.backend.error_messages import printable

if TYPE_CHECKING:
    from dataforce.config import Settings

_SHOWN = 100
"""Length of the longest host in a message, in characters."""


class Reach(IntEnum):
    """Reach of an address: whoever reaches the platform may reach what is farther away."""

    PUBLIC = 0
    PRIVATE = 1
    LOOPBACK = 2
    LINK_LOCAL = 3


class InternalAddressError(Exception):
    """The host has an address that no file is fetched from."""


class Addresses:
    """Finds the addresses of hosts and refuses internal ones.

    Args:
        settings: `base_url` tells where the platform is.
    """

    def __init__(self, settings: Settings) -> None:
        self._platform = urlsplit(settings.base_url)
        self._platform_reach: Reach | None = None

    def refuse_literal(self, host: str) -> None:
        """Refuse a host that is an internal address, in whatever spelling.

        Args:
            host: A name, which is not looked up, or an address.

        Raises:
            InternalAddressError: It is one.
        """
        with suppress(OSError, ValueError):  # 2852039166 and 0xa9fea9fe are addresses, too
            self._refuse(socket.inet_ntoa(socket.inet_aton(host)), host)
        with suppress(ValueError):
            self._refuse(str(ipaddress.ip_address(host)), host)

    def resolve(self, host: str, port: int) -> list[str]:
        """Return the addresses of a host.

        Args:
            host: A name or an address.
            port: The port.

        Raises:
            InternalAddressError: One of them is internal.
            OSError: There are none.
        """
        addresses = _addresses(host, port)
        for address in addresses:
            self._refuse(address, host)
        return addresses

    def _refuse(self, address: str, host: str) -> None:
        reach = _reach(address)
        if reach is Reach.PUBLIC:
            return
        if reach is Reach.LINK_LOCAL or reach > self._allowed:
            raise InternalAddressError(f"{shown_host(host)} is an internal address")

    @property
    def _allowed(self) -> Reach:
        """The farthest reach of the platform's own addresses."""
        if self._platform_reach is None:
            try:
                addresses = _addresses(self._platform.hostname or "", self._platform.port or 443)
            except OSError:
                return Reach.PUBLIC  # and looked up once more when it is needed again
            self._platform_reach = max(map(_reach, addresses))
        return self._platform_reach


def shown_host(host: str | None) -> str:
    """Return a host as it may stand in a message: a server can name any."""
    return printable((host or "")[:_SHOWN])


def _addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except ValueError:  # such as a label that is empty or too long, or NUL
        raise socket.gaierror(socket.EAI_NONAME, "no host can be called so") from None
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


def _reach(address: str) -> Reach:
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        found = found.ipv4_mapped or found
    if found.is_link_local:
        return Reach.LINK_LOCAL
    if found.is_loopback or found.is_unspecified:
        return Reach.LOOPBACK
    return Reach.PUBLIC if found.is_global else Reach.PRIVATE
