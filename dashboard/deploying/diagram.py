"""A small drawing of a deployment, as SVG: boxes, and arrows for what travels between them.

Each kind of arrow has a colour, a dash and a letter of its own, so that none rests on colour alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Literal

Travels = Literal["request", "model", "update"]

WIDTH, HEIGHT = 304, 190
"""In pixels; two columns, so that letters stay legible on a screen 320 px wide."""
_BOX_W, _BOX_H = 112, 46
_COLUMNS, _ROWS = (58, 246), (26, 126)
_LEGEND_Y = 176
_APART = 28


@dataclass(frozen=True, slots=True)
class Box:
    """Something that runs or is kept; `lines` are at most two."""

    lines: tuple[str, ...]
    column: int
    row: int
    holds_model: bool = False
    """Whether a model is loaded in it."""


@dataclass(frozen=True, slots=True)
class Arrow:
    """What travels from one box to another."""

    start: str
    end: str
    travels: Travels
    back: bool = False
    """Whether an answer comes back the same way."""


@dataclass(frozen=True, slots=True)
class Diagram:
    """The whole, and the same in words."""

    boxes: Mapping[str, Box]
    arrows: tuple[Arrow, ...]
    alt: str


_DASH: Mapping[Travels, str] = {"request": "", "model": "7 4", "update": "2 4"}
_LETTER: Mapping[Travels, str] = {"request": "R", "model": "M", "update": "U"}
_WORD: Mapping[Travels, str] = {"request": "request", "model": "model", "update": "update"}
# 4.5:1 for text and 3:1 for lines on the page of each theme.
_INK = {"light": "#0a1016", "dark": "#e8edf2"}
_PAPER = {"light": "#f2f5f8", "dark": "#171d24"}
_EDGE = {"light": "#5a6773", "dark": "#8a96a3"}
_LINES: Mapping[str, Mapping[Travels, str]] = {
    "light": {"request": "#0072B2", "model": "#B34700", "update": "#00734F"},
    "dark": {"request": "#56A9E0", "model": "#F08A4B", "update": "#2FBF95"},
}


def svg(diagram: Diagram, theme: str) -> str:
    """The drawing in the colours of the theme, `light` or `dark`."""
    theme = theme if theme in _INK else "light"
    used = [kind for kind in _WORD if any(arrow.travels == kind for arrow in diagram.arrows)]
    parts = [_marker(kind, _LINES[theme][kind]) for kind in used]
    parts += [_arrow(diagram, arrow, theme) for arrow in diagram.arrows]
    parts += [_box(box, theme) for box in diagram.boxes.values()]
    parts += [_legend(kind, place, theme) for place, kind in enumerate(used)]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">'
    return f"{head}{''.join(parts)}</svg>"


def _marker(kind: Travels, colour: str) -> str:
    return (
        f'<defs><marker id="{kind}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="5" markerHeight="5" '
        f'orient="auto-start-reverse"><path d="M0 0L10 5L0 10z" fill="{colour}"/></marker></defs>'
    )


def _box(box: Box, theme: str) -> str:
    x, y = _COLUMNS[box.column], _ROWS[box.row]
    lines = [*box.lines, *(["with the model"] if box.holds_model else [])]
    ink, edge = _INK[theme], _EDGE[theme]
    text = "".join(
        f'<text x="{x}" y="{y + 5 + 16 * (i - (len(lines) - 1) / 2):g}" text-anchor="middle" font-size="14" '
        f'fill="{ink}">{escape(line)}</text>'
        for i, line in enumerate(lines)
    )
    width = 2.5 if box.holds_model else 1.2
    return (
        f'<rect x="{x - _BOX_W / 2:g}" y="{y - _BOX_H / 2:g}" width="{_BOX_W}" height="{_BOX_H}" rx="6" '
        f'fill="{_PAPER[theme]}" stroke="{edge}" stroke-width="{width}"/>{text}'
    )


def _arrow(diagram: Diagram, arrow: Arrow, theme: str) -> str:
    start, end = diagram.boxes[arrow.start], diagram.boxes[arrow.end]
    between = [a for a in diagram.arrows if {a.start, a.end} == {arrow.start, arrow.end}]
    aside = (between.index(arrow) - (len(between) - 1) / 2) * _APART
    x1, y1, x2, y2 = _line(start, end, aside)
    colour, dash = _LINES[theme][arrow.travels], _DASH[arrow.travels]
    back = f' marker-start="url(#{arrow.travels})"' if arrow.back else ""
    x, y = (x1 + x2) / 2, (y1 + y2) / 2
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    # The letter keeps clear of the line: above a level one, beside any other.
    dx, dy = (0.0, -7.0) if abs(y2 - y1) < 1 else (12.0, 5.0 if x1 == x2 else 12.0)
    return (
        f'<path d="M{x1:g} {y1:g}L{x2:g} {y2:g}" stroke="{colour}" stroke-width="2"{dashed}'
        f' marker-end="url(#{arrow.travels})"{back}/>'
        f'<text x="{x + dx:g}" y="{y + dy:g}" text-anchor="middle" font-size="14" font-weight="bold" '
        f'fill="{colour}">{_LETTER[arrow.travels]}</text>'
    )


def _line(start: Box, end: Box, aside: float) -> tuple[float, float, float, float]:
    """From edge to edge of two boxes; corner to corner where they share neither row nor column. `aside` moves it."""
    x1, y1, x2, y2 = _COLUMNS[start.column], _ROWS[start.row], _COLUMNS[end.column], _ROWS[end.row]
    right, down = _sign(x2 - x1), _sign(y2 - y1)
    across, along = (aside, 0.0) if down else (0.0, aside)
    w, h = right * _BOX_W / 2, down * _BOX_H / 2
    return x1 + w + across, y1 + h + along, x2 - w + across, y2 - h + along


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def _legend(kind: Travels, place: int, theme: str) -> str:
    x, colour = 2 + place * 104, _LINES[theme][kind]
    dash = f' stroke-dasharray="{_DASH[kind]}"' if _DASH[kind] else ""
    return (
        f'<path d="M{x} {_LEGEND_Y}h22" stroke="{colour}" stroke-width="2"{dash} marker-end="url(#{kind})"/>'
        f'<text x="{x + 27}" y="{_LEGEND_Y + 4}" font-size="13" fill="{_INK[theme]}">'
        f"{_LETTER[kind]}: {_WORD[kind]}</text>"
    )
