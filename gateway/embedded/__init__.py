"""PostgreSQL and Valkey from wheels, supervised by us: for `passerelle dev` and the tests, not for production."""

from gateway.embedded.account import remove_directory
from gateway.embedded.errors import AlreadyRunning, EmbeddedServerError
from gateway.embedded.postgres import EmbeddedPostgres
from gateway.embedded.process import free_port, port_is_free, remove_server
from gateway.embedded.valkey import EmbeddedValkey

__all__ = [
    "AlreadyRunning",
    "EmbeddedPostgres",
    "EmbeddedServerError",
    "EmbeddedValkey",
    "free_port",
    "port_is_free",
    "remove_directory",
    "remove_server",
]
