"""Pictures at other addresses: fetched only where the settings allow it, and never from a private network."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import httpx2

from services.errors import InvalidInput
from services.library.decoding import MAX_UPLOAD_BYTES, too_large

REDIRECTS = 3
CONNECT_S = 5.0
WHOLE_S = 20.0
"""Seconds for all of it: a server that sends a byte now and then is not waited for."""

HOLDING_IPV4 = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("::/96"))
"""Addresses that a gateway makes IPv4 ones of (RFC 6052), and that once stood for them (RFC 4291)."""
OWN_NETWORKS = (ipaddress.IPv6Network("64:ff9b:1::/48"),)
"""What only a network's own gateway translates (RFC 8215), which this Python takes for global."""


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the internet, and to no network of ours or of the host's provider."""
    parsed = ipaddress.ip_address(address)
    if not parsed.is_global or parsed.is_multicast:
        return False
    if isinstance(parsed, ipaddress.IPv4Address):
        return True
    if parsed.is_site_local or any(parsed in network for network in OWN_NETWORKS):
        return False
    inner = parsed.sixtofour or parsed.ipv4_mapped
    if any(parsed in network for network in HOLDING_IPV4):
        inner = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
    return inner is None or is_public(str(inner))


@dataclass(frozen=True, slots=True)
class RemoteImages:
    """Fetches pictures.

    Args:
        allowed: fetch at all.
        may_visit: whether an IP address may be connected to.
    """

    allowed: bool = False
    may_visit: Callable[[str], bool] = is_public

    def fetch(self, url: str) -> bytes:
        """The file at an `http` or `https` address, at most `MAX_UPLOAD_BYTES` long.

        The name is looked up once and the address that was checked is the one connected to, so that a name cannot
        point elsewhere a moment later; every redirect is checked the same way.

        Raises:
            InvalidInput: `remote_image_refused`: not allowed, or not public; `remote_image_unreachable`: no answer, or
                one that is no file.
            TooLarge
        """
        if not self.allowed:
            raise refused()
        until = time.monotonic() + WHOLE_S
        with httpx2.Client(timeout=httpx2.Timeout(CONNECT_S), trust_env=False) as client:
            for _hop in range(REDIRECTS + 1):
                try:
                    data, onward = self._visit(client, url, until)
                except (httpx2.HTTPError, httpx2.InvalidURL, OSError, UnicodeError) as error:
                    raise unreachable() from error
                if onward is None:
                    return data
                url = onward
        raise unreachable()

    def _visit(self, client: httpx2.Client, url: str, until: float) -> tuple[bytes, str | None]:
        """The file, or the address it has moved to."""
        host, address, direct = self._checked(url)
        with client.stream("GET", direct, headers={"Host": host}, extensions={"sni_hostname": address}) as response:
            if response.is_redirect:
                return b"", urljoin(url, response.headers.get("Location", ""))
            if response.status_code != 200:
                raise unreachable()
            data = bytearray()
            for piece in response.iter_bytes():
                data += piece
                if len(data) > MAX_UPLOAD_BYTES:
                    raise too_large()
                if time.monotonic() > until:
                    raise unreachable()
            return bytes(data), None

    def _checked(self, url: str) -> tuple[str, str, str]:
        """The `Host` header, the name for TLS, and the URL with an IP address in the name's place."""
        try:
            parts = urlsplit(url)
            name, port = parts.hostname, parts.port
        except ValueError:
            raise refused() from None
        if parts.scheme not in ("http", "https") or not name or parts.username is not None:
            raise refused()
        found = socket.getaddrinfo(name, port or (443 if parts.scheme == "https" else 80), type=socket.SOCK_STREAM)
        addresses = [str(entry[4][0]) for entry in found]
        if not all(self.may_visit(address.partition("%")[0]) for address in addresses):
            raise refused()
        literal = f"[{addresses[0]}]" if ":" in addresses[0] else addresses[0]
        host = parts.netloc.rpartition("@")[2]
        there = parts._replace(netloc=f"{literal}:{port}" if port else literal, fragment="").geturl()
        return host, name, there


def refused() -> InvalidInput:
    return InvalidInput(
        "Pictures at other addresses are not fetched: send a data URL, or the address of a picture on this server.",
        code="remote_image_refused",
        field="image_url",
    )


def unreachable() -> InvalidInput:
    return InvalidInput("No picture could be fetched there.", code="remote_image_unreachable", field="image_url")
