"""Passwords: what they may be, how they are stored, and how they are checked without stalling anything."""

from gateway.auth.passwords.hasher import Hasher, HasherBusy, Verdict
from gateway.auth.passwords.hashes import Cost, from_hublib
from gateway.auth.passwords.rules import PasswordRules, Weak, Weakness, parse_classes, unusable

__all__ = [
    "Cost",
    "Hasher",
    "HasherBusy",
    "PasswordRules",
    "Verdict",
    "Weak",
    "Weakness",
    "from_hublib",
    "parse_classes",
    "unusable",
]
