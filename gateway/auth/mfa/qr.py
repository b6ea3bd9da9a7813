"""A QR code as SVG that fits in a data URI as it is. Pure."""

from __future__ import annotations

import segno

_BORDER = 4
"""Modules of white around the code (ISO/IEC 18004)."""


def svg(text: str) -> str:
    """The QR code of a text as one line of SVG, black on white, in the mode and size that the text needs.

    supabase-js puts it unescaped behind `data:image/svg+xml;utf-8,`, and applications put that into an attribute. So
    there is no XML declaration, no `#` (a URI would end there), no `%`, no line break, and quotes are single ones.
    Raises ValueError (`segno.DataOverflowError`) for texts of more than about 2900 bytes.
    """
    code = segno.make(text, error="l", micro=False)
    side = len(code.matrix) + 2 * _BORDER
    dark = "".join(_runs(row, y) for y, row in enumerate(code.matrix, _BORDER))
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {side} {side}' width='{side * 4}' height='{side * 4}'"
        f" shape-rendering='crispEdges'><path fill='white' d='M0 0h{side}v{side}h-{side}z'/>"
        f"<path fill='black' d='{dark}'/></svg>"
    )


def _runs(row: bytearray, y: int) -> str:
    """A row's dark modules as rectangles, neighbours in one."""
    found: list[str] = []
    start = None
    for x, module in enumerate((*row, 0), _BORDER):
        if module and start is None:
            start = x
        elif not module and start is not None:
            found.append(f"M{start} {y}h{x - start}v1h-{x - start}z")
            start = None
    return "".join(found)
