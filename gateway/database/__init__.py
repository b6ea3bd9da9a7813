"""Statements as a caller: connections that carry an identity, transactions, and PostgreSQL's errors for clients."""

from gateway.database.commits import CommitWatch
from gateway.database.database import PROOF_COLUMNS, Database
from gateway.database.errors import (
    ConnectionFailed,
    ConnectionLost,
    DatabaseError,
    IdentityMismatch,
    PoolTimeout,
)
from gateway.database.model import Access, Caller, Envelope, TransactionMode
from gateway.database.quoting import quote_identifier
from gateway.database.server_version import refuse_server_version
from gateway.database.statistics import PoolStatistics
from gateway.database.transaction import Transaction

__all__ = [
    "PROOF_COLUMNS",
    "Access",
    "Caller",
    "CommitWatch",
    "ConnectionFailed",
    "ConnectionLost",
    "Database",
    "DatabaseError",
    "Envelope",
    "IdentityMismatch",
    "PoolStatistics",
    "PoolTimeout",
    "Transaction",
    "TransactionMode",
    "quote_identifier",
    "refuse_server_version",
]
