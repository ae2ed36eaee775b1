"""How does a line of a layout go in Excalidraw? By as few points as will do, from one rectangle's border to another's.

Excalidraw draws a smooth arrow as a spline through its points, and every node is a rectangle there, so a layout's
Bézier curves are sampled, cut or lengthened to end at the rectangles, and thinned.
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Sequence

from kbgen.diagrams.layout import Box, Point

_NEAR = 2.5
"""Points that a curve of ours may be beside the layout's."""
_UNEVEN = 2.2
_MAX_POINTS = 40
_MAX_EXTENSION = 24.0
"""Points by which a line may be made longer to reach the rectangle of its node."""


def sample_curve(line: Sequence[Point]) -> list[Point]:
    """Many points on a chain of Bézier curves."""
    points = [line[0]]
    for a, b, c, d in zip(line[0::3], line[1::3], line[2::3], line[3::3], strict=False):
        points += [_find_on_curve(a, b, c, d, step / 16) for step in range(1, 17)]
    return points


def end_at_border(points: Sequence[Point], box: Box) -> list[Point]:
    """The same line, its last point on the rectangle: the layout ended it at another shape, a hexagon or an oval."""
    while len(points) > 2 and _is_inside(points[-2], box):
        points = points[:-1]
    (ax, ay), (bx, by) = points[-2:]
    length = math.hypot(bx - ax, by - ay)
    if not length or _is_inside((ax, ay), box):
        return list(points)
    reach = 1 + _MAX_EXTENSION / length
    aim = ((ax, ay), (ax + (bx - ax) * reach, ay + (by - ay) * reach))
    met = [point for side in _list_sides(box) if (point := _intersect(aim, side)) is not None]
    return [*points[:-1], min(met, key=lambda point: math.dist(point, (ax, ay)), default=(bx, by))]


def crosses(points: Sequence[Point], box: Box) -> bool:
    """Whether the line touches the box or lies in it."""
    sides = _list_sides(box)
    return _is_inside(points[0], box) or any(
        _intersect(part, side) is not None for part in itertools.pairwise(points) for side in sides
    )


def _list_sides(box: Box) -> list[tuple[Point, Point]]:
    left, top, right, bottom = box.x, box.y, box.x + box.width, box.y + box.height
    return list(itertools.pairwise(((left, top), (right, top), (right, bottom), (left, bottom), (left, top))))


def _is_inside(point: Point, box: Box) -> bool:
    return box.x < point[0] < box.x + box.width and box.y < point[1] < box.y + box.height


def thin_curve(dense: Sequence[Point]) -> list[Point]:
    """Few of the points, through which Excalidraw draws nearly the same curve: where it strays, one more is kept."""
    lengths = list(itertools.accumulate(map(math.dist, dense, dense[1:]), initial=0.0))
    places = [0, len(dense) - 1]
    while len(places) <= _MAX_POINTS:
        pieces = _find_uneven(lengths, places) or _find_astray(dense, places)
        middles = {bisect.bisect_left(lengths, (lengths[first] + lengths[last]) / 2) for first, last in pieces}
        if middles <= set(places):
            break
        places = sorted({*places, *middles})
    return [dense[place] for place in places]


def _find_uneven(lengths: Sequence[float], places: Sequence[int]) -> list[tuple[int, int]]:
    """Pieces far longer than one beside them: the spline has a bump there."""
    sizes = [lengths[last] - lengths[first] for first, last in itertools.pairwise(places)]
    beside = zip((sizes[0], *sizes), sizes, (*sizes[1:], sizes[-1]), itertools.pairwise(places), strict=False)
    return [piece for before, size, after, piece in beside if size > _UNEVEN * min(before, after)]


def _find_astray(dense: Sequence[Point], places: Sequence[int]) -> list[tuple[int, int]]:
    """Pieces of the spline through the points at `places`, a Catmull-Rom spline, that do not keep to the line."""
    points = [dense[place] for place in places]
    ends = ((points[0], *points), points, points[1:], (*points[2:], points[-1]), itertools.pairwise(places))
    astray = []
    for before, a, d, after, (first, last) in zip(*ends, strict=False):
        b = (a[0] + (d[0] - before[0]) / 6, a[1] + (d[1] - before[1]) / 6)
        c = (d[0] - (after[0] - a[0]) / 6, d[1] - (after[1] - a[1]) / 6)
        piece = dense[first : last + 1]
        drawn = (_find_on_curve(a, b, c, d, step / 4) for step in (1, 2, 3))
        if not all(_is_near(point, piece) for point in drawn):
            astray.append((first, last))
    return astray


def _is_near(point: Point, points: Sequence[Point]) -> bool:
    return any(_measure_distance(point, a, b) <= _NEAR for a, b in itertools.pairwise(points))


def _measure_distance(point: Point, a: Point, b: Point) -> float:
    """From a point to the segment from a to b."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    square = dx * dx + dy * dy
    t = ((point[0] - a[0]) * dx + (point[1] - a[1]) * dy) / square if square else 0.0
    t = min(max(t, 0.0), 1.0)
    return math.hypot(point[0] - a[0] - t * dx, point[1] - a[1] - t * dy)


def _find_on_curve(a: Point, b: Point, c: Point, d: Point, t: float) -> Point:
    s = 1 - t
    weights = (s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t)
    x, y = (sum(w * p[axis] for w, p in zip(weights, (a, b, c, d), strict=True)) for axis in (0, 1))
    return x, y


def is_straight(points: Sequence[Point]) -> bool:
    """Within a pixel of the line between the ends."""
    (ax, ay), (bx, by) = points[0], points[-1]
    length = math.hypot(bx - ax, by - ay)
    return length > 0 and all(abs((bx - ax) * (y - ay) - (by - ay) * (x - ax)) <= length for x, y in points)


def find_focus(place: Box, adjacent: Point, end: Point) -> float:
    """Where in its node an arrow aims, as Excalidraw counts it: 0 is the centre, ±1 a corner's distance from it.

    When the node moves, Excalidraw finds the arrow's new end from this (``determineFocusDistance`` in its binding.ts).
    """
    centre = (place.x + place.width / 2, place.y + place.height / 2)
    dx, dy = end[0] - adjacent[0], end[1] - adjacent[1]
    length = math.hypot(dx, dy)
    side = dx * (end[1] - centre[1]) - dy * (end[0] - centre[0])
    if not length or not side:
        return 0.0
    reach = 2 * max(place.width, place.height) / length
    aim = (end, (end[0] + dx * reach, end[1] + dy * reach))
    w, h = 1.5 * place.width, 1.5 * place.height
    diagonals = (
        ((centre[0] - w, centre[1] - h), (centre[0] + w, centre[1] + h)),
        ((centre[0] + w, centre[1] - h), (centre[0] - w, centre[1] + h)),
    )
    met = [point for diagonal in diagonals if (point := _intersect(aim, diagonal)) is not None]
    half = math.hypot(place.width, place.height) / 2
    nearest = min((math.dist(centre, point) / half for point in met), default=0.0)
    return round(math.copysign(nearest, -side), 4)


def _intersect(one: tuple[Point, Point], two: tuple[Point, Point]) -> Point | None:
    """Where two segments meet."""
    (ax, ay), (bx, by) = one
    (cx, cy), (dx, dy) = two
    across = (bx - ax) * (dy - cy) - (by - ay) * (dx - cx)
    if not across:
        return None
    t = ((cx - ax) * (dy - cy) - (cy - ay) * (dx - cx)) / across
    u = ((cx - ax) * (by - ay) - (cy - ay) * (bx - ax)) / across
    return (ax + t * (bx - ax), ay + t * (by - ay)) if 0 <= t <= 1 and 0 <= u <= 1 else None


def find_gap(place: Box, point: Point) -> float:
    """Pixels between a point and the border of a rectangle, at least 1."""
    dx = max(place.x - point[0], point[0] - place.x - place.width)
    dy = max(place.y - point[1], point[1] - place.y - place.height)
    distance = math.hypot(max(dx, 0), max(dy, 0)) if max(dx, dy) > 0 else -max(dx, dy)
    return round(max(1.0, distance), 4)
