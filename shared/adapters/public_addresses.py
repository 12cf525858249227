"""Checks of IP addresses: public or not."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_EXCLUDED = (IPv4Network("192.0.0.0/24"), IPv4Network("168.63.129.16/32"))
"""Public by number, but metadata services of Oracle's and Azure's clouds answer there."""


def embedded_address(address: Address) -> Address:
    """Return the IPv4 address that is embedded in an IPv6 address, else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def is_public(address: Address) -> bool:
    """Check whether an address is public; `embedded_address` must have been applied before."""
    if isinstance(address, IPv6Address):
        return address.is_global and address in _GLOBAL_UNICAST
    excluded = address.is_multicast or any(address in network for network in _EXCLUDED)
    return address.is_global and not excluded
