"""Write the settings tables of docs/configuration.md from the model."""

from __future__ import annotations

from pathlib import Path

from gateway.settings.document import insert_tables

PAGE = Path(__file__).parent.parent / "docs" / "configuration.md"

if __name__ == "__main__":
    PAGE.write_text(insert_tables(PAGE.read_text("utf-8")), "utf-8")
