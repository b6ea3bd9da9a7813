"""Requests resolved against the catalog."""
