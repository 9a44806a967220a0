"""Draw a two-dimensional histogram as SVG."""

import math
from collections import Counter
from collections.abc import Sequence
from html import escape

CELLS, CELL = 40, 10
SIDE = CELLS * CELL
LEFT, TOP, RIGHT, BOTTOM = 60, 20, 20, 50
WIDTH, HEIGHT = LEFT + SIDE + RIGHT, TOP + SIDE + BOTTOM


def histogram(
    points: Sequence[tuple[float, float]],
    lines: Sequence[tuple[float, float | None]] = (),
    *,
    x: str,
    y: str,
) -> str:
    """Return an SVG of points with coordinates 0..1; the darker a cell, the more points are in it.

    `x` and `y` name the axes. The first number of each of `lines` is drawn as a vertical line,
    and the second, if there is one, as a horizontal line.
    """
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="12">'
    )
    return "\n".join(
        [
            head,
            f"<title>{escape(x)} against {escape(y)}, {len(points):,} comments</title>",
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
            *_cells(points),
            *_frame(x, y),
            *(_across(high) for _, high in lines if high is not None),
            *(_upright(level) for level, _ in lines),
            "</svg>\n",
        ]
    )


def _cells(points: Sequence[tuple[float, float]]) -> list[str]:
    counts = Counter((_cell(right), _cell(up)) for right, up in points)
    most = math.log1p(max(counts.values(), default=1))
    return [
        f'<rect x="{LEFT + column * CELL}" y="{TOP + (CELLS - 1 - row) * CELL}" '
        f'width="{CELL}" height="{CELL}" fill="#14532d" '
        f'fill-opacity="{0.1 + 0.9 * math.log1p(count) / most:.2f}"/>'
        for (column, row), count in sorted(counts.items())
    ]


def _frame(x: str, y: str) -> list[str]:
    middle_x, middle_y = LEFT + SIDE / 2, TOP + SIDE / 2
    name_of_y = (
        f'<text transform="translate(18 {middle_y:g}) rotate(-90)" text-anchor="middle">'
        f"new: {escape(y)}</text>"
    )
    return [
        f'<rect x="{LEFT}" y="{TOP}" width="{SIDE}" height="{SIDE}" fill="none" stroke="#444"/>',
        *(
            f'<text x="{_x(tick):g}" y="{TOP + SIDE + 16}" text-anchor="middle">{tick:g}</text>'
            f'<text x="{LEFT - 6}" y="{_y(tick) + 4:g}" text-anchor="end">{tick:g}</text>'
            for tick in (0, 0.2, 0.4, 0.6, 0.8, 1)
        ),
        f'<text x="{middle_x:g}" y="{HEIGHT - 12}" text-anchor="middle">old: {escape(x)}</text>',
        name_of_y,
    ]


def _upright(level: float) -> str:
    return _line(_x(level), TOP, _x(level), TOP + SIDE)


def _across(level: float) -> str:
    return _line(LEFT, _y(level), LEFT + SIDE, _y(level))


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return (
        f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" '
        'stroke="#b91c1c" stroke-dasharray="4 3"/>'
    )


def _cell(value: float) -> int:
    return min(int(value * CELLS), CELLS - 1)


def _x(value: float) -> float:
    return LEFT + value * SIDE


def _y(value: float) -> float:
    return TOP + (1 - value) * SIDE
