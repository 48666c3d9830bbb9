"""Whether anybody listens where the bus is: cheaper than to load a client and let it find out."""

from __future__ import annotations

import asyncio
import errno
import socket

from agent_core.errors import BusFault, BusUnreachable
from agent_core.streaming.access import Access
from agent_core.streaming.faults import fault_of

REACH_S = 2.0
"""How long each address is tried."""


def reach(access: Access) -> None:
    """Connect to one of the addresses, and hang up. It blocks.

    Raises:
        BusFault: None takes a connection.
    """
    met: BusFault = BusUnreachable(f"No Kafka answers at {access.named}")
    for server in access.servers:
        try:
            socket.create_connection(_address(server), REACH_S).close()
        except (OSError, UnicodeError) as error:  # a name that DNS has no form for
            met = _fault_met(error, access)
        else:
            return
    raise met


async def connected(access: Access) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A plain connection to one of the addresses, for whoever wants to know when it ends; raises as `reach`
    does."""
    met: BusFault = BusUnreachable(f"No Kafka answers at {access.named}")
    for server in access.servers:
        try:
            async with asyncio.timeout(REACH_S):
                return await asyncio.open_connection(*_address(server))
        except (OSError, UnicodeError) as error:  # a name that DNS has no form for
            met = _fault_met(error, access)
    raise met


def _address(server: str) -> tuple[str, int]:
    host, _, port = server.rpartition(":")
    return host.strip("[]"), int(port)


def _fault_met(error: OSError | UnicodeError, access: Access) -> BusFault:
    """The error that stands for what a plain connection met."""
    if isinstance(error, socket.gaierror | UnicodeError):
        said = f"DNS: {error}"
    elif isinstance(error, TimeoutError):
        said = "ETIMEDOUT"
    else:
        said = errno.errorcode.get(error.errno or 0, str(error))
    return fault_of(ConnectionError(said), access.named)
