"""Nodes of a tree as typed values: names, durations, SQL expressions."""
