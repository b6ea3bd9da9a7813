"""The part of YAML that policy files are written in: text to a tree with places, and values to text."""
