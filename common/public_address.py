"""Which network addresses belong to the public internet, so that a URL given by a caller may lead there.

Python's `is_global` is not enough: it takes NAT64, 6to4, IPv4-compatible and multicast addresses for global ones,
and through those a request reaches what the operator keeps private.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network

_UNICAST = IPv6Network("2000::/3")

_REFUSED = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",  # this network; Linux connects to itself
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT, and one cloud's metadata service
        "127.0.0.0/8",
        "168.63.129.16/32",  # a public address that is the host's own control service inside one cloud
        "169.254.0.0/16",  # link-local, metadata services
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments, one cloud's metadata service
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "2001::/23",  # Teredo (which carries an IPv4 address) and other protocol assignments
        "2001:db8::/32",
        "2002::/16",  # 6to4: carries an IPv4 address
        "3fff::/20",
    )
)


def parse_networks(text: str) -> tuple[Network, ...]:
    """Networks such as `10.0.0.0/8, fd00::/8`. Raises ValueError."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def is_public(text: str, allowed: Iterable[Network] = ()) -> bool:
    """Whether an address as the socket names it may be connected to. What is not an address may not.

    IPv6 is public inside 2000::/3 alone, which leaves out loopback, link-local, private, IPv4-compatible, NAT64
    (64:ff9b::/96) and multicast addresses; an IPv4-mapped address is judged as the IPv4 address that it is.
    """
    try:
        address: IPv4Address | IPv6Address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if any(address in network for network in allowed):
        return True
    if isinstance(address, IPv6Address) and address not in _UNICAST:
        return False
    return not any(address in network for network in _REFUSED)
