"""The plan itself as SVG: every station a box with its line and its workers, every call an arrow."""

from html import escape

from dashboard.simulating.layout import BOX_H, BOX_W, TOP, USER, WIDTH, Box, Call, Drawing

_MOST_WORKERS = 4
# 4.5:1 for text and 3:1 for lines on the page of each theme.
INK = {"light": "#0a1016", "dark": "#e8edf2"}
_PAPER = {"light": "#f2f5f8", "dark": "#171d24"}
_EDGE = {"light": "#5a6773", "dark": "#8a96a3"}
_LINE = {"light": "#0072B2", "dark": "#56A9E0"}
_HOT = {"light": "#B34700", "dark": "#F08A4B"}


def svg(drawing: Drawing, theme: str, *, bottleneck: str = "", labels: bool = True) -> str:
    """The drawing in the colours of the theme, `light` or `dark`; the bottleneck is marked."""
    theme = theme if theme in INK else "light"
    parts = [_marker(theme)]
    parts += [_call(drawing, call, theme, labels) for call in drawing.calls]
    parts += [_box(box, theme, box.name == bottleneck) for box in drawing.boxes.values()]
    x, y = user_place(drawing)
    parts.append(_text(x, y + 5, "Users", theme, 14, bold=True))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {drawing.height:g}" font-family="sans-serif">'
    return f"{head}{''.join(parts)}</svg>"


def user_place(drawing: Drawing) -> tuple[float, float]:
    """Where requests come from and answers go."""
    first = drawing.boxes[drawing.calls[0].end]
    return first.x, 14.0


def places(drawing: Drawing) -> dict[str, tuple[float, float]]:
    """The middle of every box, and of where users are."""
    return {USER: user_place(drawing)} | {name: (box.x, box.y) for name, box in drawing.boxes.items()}


def _marker(theme: str) -> str:
    return (
        '<defs><marker id="call" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="5" markerHeight="5" '
        f'orient="auto-start-reverse"><path d="M0 0L10 5L0 10z" fill="{_LINE[theme]}"/></marker></defs>'
    )


def _box(box: Box, theme: str, hot: bool) -> str:
    left, top = box.x - BOX_W / 2, box.y - BOX_H / 2
    edge, width = (_HOT[theme], 3) if hot else (_EDGE[theme], 1.4)
    behind = "".join(
        _rect(left + 4 * i, top - 4 * i, _EDGE[theme], 1, theme) for i in range(min(box.most, 3) - 1, 0, -1)
    )
    name = box.name if len(box.name) <= 12 else f"{box.name[:11]}…"
    texts = _text(box.x, top + 18, name, theme, 13, bold=True)
    texts += _text(left + BOX_W - 6, top + 42, box.replicas, theme, 12, anchor="end")
    if hot:
        texts += _text(left + BOX_W - 6, top + BOX_H - 6, "busiest", theme, 12, fill=_HOT[theme], anchor="end")
    return behind + _rect(left, top, edge, width, theme) + texts + _server(left + 9, top + 28, box, theme)


def _rect(x: float, y: float, edge: str, width: float, theme: str) -> str:
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{BOX_W}" height="{BOX_H}" rx="6" fill="{_PAPER[theme]}" stroke="{edge}" '
        f'stroke-width="{width:g}"/>'
    )


def _server(x: float, y: float, box: Box, theme: str) -> str:
    """A line of places to wait, open to the left, and a circle for each worker, as queueing theory draws them."""
    colour, parts = _LINE[theme], []
    if box.queued:
        parts.append(f'<path d="M{x:g} {y:g}h30v18h-30" fill="none" stroke="{colour}" stroke-width="1.6"/>')
        parts += [f'<path d="M{x + step:g} {y:g}v18" stroke="{colour}" stroke-width="1.6"/>' for step in (12, 21)]
        x += 30
    count = 1 if box.workers is None else min(box.workers, _MOST_WORKERS)
    radius = 9 if count == 1 else 6
    for i in range(count):
        parts.append(
            f'<circle cx="{x + radius + 2 + i * (2 * radius + 2):g}" cy="{y + 9:g}" r="{radius}" fill="none" '
            f'stroke="{colour}" stroke-width="1.6"/>'
        )
    if box.workers is None:
        parts.append(_text(x + 11, y + 13, "∞", theme, 13))
    elif box.workers > _MOST_WORKERS:
        parts.append(_text(x + 4 + _MOST_WORKERS * 14, y + 13, f"{box.workers}", theme, 11, anchor="start"))
    return "".join(parts)


def _call(drawing: Drawing, call: Call, theme: str, labels: bool) -> str:
    end = drawing.boxes[call.end]
    dash = "" if call.awaited else ' stroke-dasharray="6 4"'
    back = ' marker-start="url(#call)"' if call.awaited else ""
    style = f'stroke="{_LINE[theme]}" stroke-width="2" fill="none"{dash} marker-end="url(#call)"{back}'
    if call.start == USER:
        x, y = user_place(drawing)
        label = _text(x + 8, (y + 6 + TOP) / 2, call.said, theme, 11, anchor="start") if labels and call.said else ""
        edge = end.y - BOX_H / 2 - 4 * (min(end.most, 3) - 1)
        return f'<path d="M{x:g} {y + 10:g}V{edge:g}" {style}/>{label}'
    start = drawing.boxes[call.start]
    if start.x == end.x:  # below one another
        down = 1 if end.y > start.y else -1
        return f'<path d="M{start.x:g} {start.y + down * BOX_H / 2:g}V{end.y - down * BOX_H / 2:g}" {style}/>'
    x1, x2 = start.x + BOX_W / 2, end.x - BOX_W / 2
    bend = (x1 + x2) / 2
    return f'<path d="M{x1:g} {start.y:g}C{bend:g} {start.y:g} {bend:g} {end.y:g} {x2:g} {end.y:g}" {style}/>'


def _text(
    x: float, y: float, text: str, theme: str, size: int, *, bold: bool = False, anchor: str = "middle", fill: str = ""
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-size="{size}"{weight} fill="{fill or INK[theme]}">'
        f"{escape(text)}</text>"
    )
