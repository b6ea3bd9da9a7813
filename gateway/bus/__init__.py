"""Redis, in every shape, behind one small interface."""

from gateway.bus.bus import Bus, open_bus
from gateway.bus.entries import Entry, Page
from gateway.bus.errors import BusError, BusRefused, BusUnavailable, Reason
from gateway.bus.events import Connected, Event, Gap, Lost, Message, Overflow
from gateway.bus.facts import Facts
from gateway.bus.health import BusHealth, State
from gateway.bus.inspection import ServerReport, inspect
from gateway.bus.lease import Lease
from gateway.bus.rights import Refusals
from gateway.bus.script import Script, load_script
from gateway.bus.subscription import Stream, Subscription
from gateway.bus.terms import Holding, Members, Terms, outstanding, steady
from gateway.redisurl import Address, RedisUrlError, parse_url

__all__ = [
    "Address",
    "Bus",
    "BusError",
    "BusHealth",
    "BusRefused",
    "BusUnavailable",
    "Connected",
    "Entry",
    "Event",
    "Facts",
    "Gap",
    "Holding",
    "Lease",
    "Lost",
    "Members",
    "Message",
    "Overflow",
    "Page",
    "Reason",
    "RedisUrlError",
    "Refusals",
    "Script",
    "ServerReport",
    "State",
    "Stream",
    "Subscription",
    "Terms",
    "inspect",
    "load_script",
    "open_bus",
    "outstanding",
    "parse_url",
    "steady",
]
