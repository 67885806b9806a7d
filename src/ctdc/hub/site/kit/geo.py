"""The areas of maps: read from a GeoJSON file, projected, as paths.

Promise: a map is a FeatureCollection in degrees whose features have `code` (of an area in the data; empty for an area
that belongs to none), and may have `disputed` and `point`, where a symbol for the area stands; without it, that is the
middle of its largest part. There is one of the world, and a collaborative can bring one of its own: of its country's
regions, or of a world with other boundaries. Areas keep their proportions: the whole earth in Equal Earth (Šavrič,
Patterson and Jenny, "The Equal Earth map projection", International Journal of Geographical Information Science 33,
2019), less of it in Lambert's azimuthal equal-area projection about its middle (Snyder, "Map projections: a working
manual", USGS Professional Paper 1395, 1987, equations 24-2 to 24-4). North is up, and west is left in every language.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

from ctdc.foundation.collaborative import current, fault
from ctdc.foundation.documents import BadDocument, parse_json

WORLD = Path(__file__).parent / "geometry" / "world.json"
WIDTH = 2000.0  # of the drawing, so that whole numbers are fine enough
FLAT = 4  # twice the area, in square units, of a corner that can be cut off
SMALLEST_THINNED = 12  # points of a ring; smaller islands keep theirs
LATITUDES = (-58.0, 84.0)  # what a map of the whole earth shows
HIGHEST = 1200.0  # of a drawing: a high country has less width, so that a screen shows all of it
EDGE = 48.0  # left free around a map of less than the earth, for half a symbol
TINY = 1e-6  # radii: what a map of one place is taken to measure
WHOLE = 180.0  # degrees of longitude; a map of more is one of the whole earth
MOST_PATHS = 150_000  # characters of shapes, which stand in every page with a map; those of the world take 56,000
DO = "Correct the file, or simplify it, for instance at mapshaper.org; 'ctdc collaborative check' looks at it."
_A = (1.340264, -0.081106, 0.000893, 0.003796)
_M = math.sqrt(3) / 2


@dataclass(frozen=True)
class Area:
    """One country, or an area of none. path: SVG, empty if it has no shape; size: its area; point: its symbol's place.

    Lengths are units of a drawing `WIDTH` wide.
    """

    code: str
    disputed: bool
    path: str
    size: float
    point: tuple[float, float]


@dataclass(frozen=True)
class Geometry:
    """All areas of a map. height: of the drawing; is_own: whether it is the collaborative's, and not the software's."""

    areas: tuple[Area, ...]
    height: float
    is_own: bool = False

    @cached_property
    def codes(self) -> frozenset[str]:
        """The codes that have an area."""
        return frozenset(area.code for area in self.areas if area.code)


Place = Callable[[tuple[float, float]], tuple[float, float]]  # from degrees to the drawing


def equal_earth(longitude: float, latitude: float) -> tuple[float, float]:
    """A place given in degrees on the projection's plane, in radii of the sphere, y upwards."""
    angle = math.asin(_M * math.sin(math.radians(latitude)))
    square = angle * angle
    sixth = square * square * square
    a1, a2, a3, a4 = _A
    slope = a1 + 3 * a2 * square + sixth * (7 * a3 + 9 * a4 * square)
    x = math.radians(longitude) * math.cos(angle) / (_M * slope)
    return x, angle * (a1 + a2 * square + sixth * (a3 + a4 * square))


def azimuthal(middle: Sequence[float], longitude: float, latitude: float) -> tuple[float, float]:
    """A place given in degrees on the plane that touches the sphere in `middle`, in radii, y upwards."""
    along, up, base = (math.radians(angle) for angle in (longitude - middle[0], latitude, middle[1]))
    towards = math.cos(up) * math.cos(along)
    scale = math.sqrt(2 / (1 + math.sin(base) * math.sin(up) + math.cos(base) * towards))
    return scale * math.cos(up) * math.sin(along), scale * (math.cos(base) * math.sin(up) - math.sin(base) * towards)


def geometry_for(codes: Iterable[str]) -> Geometry | None:
    """The map on which most of some codes are: the collaborative's own where there is one, else the world's, else none.

    A code that a host leaves off its map, of a territory in dispute say, does not bring the world's map back.
    """
    wanted, own = set(codes), current().part("map")
    maps = [*([read_geometry(own)] if own else []), read_geometry()]
    return next((one for one in maps if 2 * len(wanted & one.codes) > len(wanted)), None)


@cache
def read_geometry(path: Path = WORLD) -> Geometry:
    """The areas of a file. Raises UserError (``collaborative.broken``) for one of another form."""
    try:
        found = parse_json(path.read_bytes())
    except BadDocument as error:
        raise fault(f"This is not GeoJSON: {error}.", path, '{"type": "FeatureCollection", ...}', DO) from None
    except OSError as error:
        raise fault(f"The map cannot be read: {error.strerror}.", path, "a file of GeoJSON", DO) from None
    features = found.get("features") if isinstance(found, dict) else None
    if not isinstance(features, list) or not features:
        raise fault("This map has no features.", path, 'a FeatureCollection of GeoJSON: {"features": [...]}', DO)
    whole = [_feature(feature, f"{path}, feature {number}") for number, feature in enumerate(features, 1)]
    often = [code for code, times in Counter(one.code for one in whole).items() if code and times > 1]
    if often:
        raise fault(f"The code {often[0]!r} stands at more than one feature.", path, "one, of several polygons", DO)
    place, height = _projection(whole)
    areas = tuple(_area(one, place) for one in whole)
    if (length := sum(len(area.path) for area in areas)) > MOST_PATHS:
        raise fault(f"The shapes take {length:,} characters of a page.", path, f"at most {MOST_PATHS:,}", DO)
    return Geometry(areas, height, is_own=path != WORLD)


@dataclass(frozen=True)
class _Feature:
    """An area in degrees. rings: closed lines of (longitude, latitude); point: of its symbol, if it is said."""

    code: str
    disputed: bool
    rings: tuple[Sequence[tuple[float, float]], ...]
    point: tuple[float, float] | None

    @property
    def points(self) -> list[tuple[float, float]]:
        """All places that the map has to show."""
        return [*([self.point] if self.point else []), *(point for ring in self.rings for point in ring)]


def _feature(feature: Any, where: str) -> _Feature:
    """A feature of GeoJSON, as it has to be. Raises UserError."""
    properties = feature.get("properties") if isinstance(feature, dict) else None
    if not isinstance(properties, dict) or not isinstance(properties.get("code"), str):
        raise fault("This area has no code.", where, '"properties": {"code": "capital"}; "" for an area of none', DO)
    code, point, geometry = properties["code"], properties.get("point"), feature.get("geometry")
    where = f"{where} ({code[:40]!r})"
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    polygons: Any = geometry.get("coordinates") if isinstance(geometry, dict) else []
    if kind == "Polygon":
        polygons = [polygons]
    elif kind != "MultiPolygon" and geometry is not None:
        what = f"Its geometry is of the type {kind!r}." if isinstance(kind, str) else "Its geometry has no type."
        raise fault(what[:80], where, "Polygon, MultiPolygon, or null with a point", DO)
    try:
        rings = tuple([_degrees(place) for place in ring] for polygon in polygons for ring in polygon)
        own = None if point is None else _degrees(point)
    except TypeError:
        raise fault("Its places are no pairs of numbers.", where, "[longitude, latitude] in degrees", DO) from None
    beyond = [one for one in ([own] if own else []) + [each for ring in rings for each in ring] if not _is_place(*one)]
    if beyond:
        what = f"{beyond[0][0]:.6g}, {beyond[0][1]:.6g} is no place in degrees."
        raise fault(what, where, "longitude, latitude (WGS 84)", DO)
    if not rings and own is None:
        raise fault("It has no shape and no point.", where, "a shape, or a point", DO)
    if any(len(ring) < 4 or ring[0] != ring[-1] for ring in rings):
        raise fault("A ring is not closed.", where, "at least four places, of which the last is the first", DO)
    return _Feature(code, bool(properties.get("disputed")), rings, own)


def _degrees(place: Any) -> tuple[float, float]:
    """Longitude and latitude, as they are written; a height is left out. Raises TypeError for what is no place."""
    if not isinstance(place, list) or len(place) < 2 or any(type(one) not in (int, float) for one in place[:2]):
        raise TypeError("no pair of numbers")
    return float(place[0]), float(place[1])


def _is_place(longitude: float, latitude: float) -> bool:
    return abs(longitude) <= 180 and abs(latitude) <= 90


def _projection(features: Sequence[_Feature]) -> tuple[Place, float]:
    """How places get onto a drawing that has room for all of these; its height."""
    points = [point for one in features for point in one.points]
    edges = (abs(x1 - x2) for one in features for ring in one.rings for (x1, _), (x2, _) in pairwise(ring))
    west, east = _span([point[0] for point in points])
    if east - west > WHOLE or any(edge > WHOLE for edge in edges):
        scale, top = WIDTH / (2 * equal_earth(180, 0)[0]), equal_earth(0, LATITUDES[1])[1]

        def on_earth(point: tuple[float, float]) -> tuple[float, float]:
            x, y = equal_earth(point[0], point[1])
            return WIDTH / 2 + x * scale, (top - y) * scale

        return on_earth, round(on_earth((0, LATITUDES[0]))[1])
    latitudes = [point[1] for point in points]
    middle = ((west + east) / 2, (min(latitudes) + max(latitudes)) / 2)
    flat = [azimuthal(middle, point[0], point[1]) for point in points]
    left, right = min(x for x, _ in flat), max(x for x, _ in flat)
    low, high = min(y for _, y in flat), max(y for _, y in flat)
    zoom = min((WIDTH - 2 * EDGE) / max(right - left, TINY), (HIGHEST - 2 * EDGE) / max(high - low, TINY))

    def nearby(point: tuple[float, float]) -> tuple[float, float]:
        x, y = azimuthal(middle, point[0], point[1])
        return WIDTH / 2 + (x - (left + right) / 2) * zoom, EDGE + (high - y) * zoom

    return nearby, round((high - low) * zoom + 2 * EDGE)


def _span(longitudes: Iterable[float]) -> tuple[float, float]:
    """The shortest stretch of longitudes, eastwards, with all of these; it may go beyond 180."""
    ordered = sorted({longitude % 360 for longitude in longitudes})
    gaps = [(after - before, after) for before, after in pairwise([*ordered, ordered[0] + 360])]
    widest, west = max(gaps)
    return west, west + 360 - widest


def _area(feature: _Feature, place: Place) -> Area:
    rings = [[place(point) for point in ring] for ring in feature.rings]
    largest = max(rings, key=_size, default=[])
    size, path = _size(largest), "".join(_path(ring) for ring in rings)
    return Area(feature.code, feature.disputed, path, size, place(feature.point) if feature.point else _middle(largest))


def _middle(ring: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The centre of a ring's area."""
    parts = [(x1 * y2 - x2 * y1, x1 + x2, y1 + y2) for (x1, y1), (x2, y2) in pairwise(ring)]
    whole = 3 * sum(area for area, _, _ in parts)
    if not whole:
        return ring[0]
    return sum(area * x for area, x, _ in parts) / whole, sum(area * y for area, _, y in parts) / whole


def _size(ring: Sequence[tuple[float, float]]) -> float:
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise(ring))) / 2


def _path(ring: Sequence[tuple[float, float]]) -> str:
    """A ring as steps of whole numbers; what is smaller than one is left out."""
    points = _thinned([(round(x), round(y)) for x, y in ring])
    steps = [(x2 - x1, y2 - y1) for (x1, y1), (x2, y2) in pairwise(points)]
    moved = [f"{x}{'' if y < 0 else ' '}{y}" for x, y in _straight(step for step in steps if any(step))]
    return f"M{points[0][0]} {points[0][1]}l{' '.join(moved)}z" if len(moved) > 1 else ""


def _thinned(points: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """A ring without points that nobody would see missing: half a pixel on a wide screen.

    Whether a point stays depends on itself and its two neighbours alone, so that two countries keep the same border; of
    neighbours not all go, since only points of one colour of a chessboard may.
    """
    apart = [points[0], *(point for before, point in pairwise(points) if point != before)]
    if len(apart) < SMALLEST_THINNED:
        return apart
    inner = zip(apart, apart[1:], apart[2:], strict=False)
    kept = [point for before, point, after in inner if sum(point) % 2 or _twice_area(before, point, after) > FLAT]
    return [apart[0], *kept, apart[-1]]


def _twice_area(one: tuple[int, int], two: tuple[int, int], three: tuple[int, int]) -> int:
    return abs((two[0] - one[0]) * (three[1] - one[1]) - (two[1] - one[1]) * (three[0] - one[0]))


def _straight(steps: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same line with one step where several go the same way."""
    whole: list[tuple[int, int]] = []
    for x, y in steps:
        before_x, before_y = whole[-1] if whole else (0, 0)
        if x * before_y == y * before_x and x * before_x + y * before_y > 0:
            whole[-1] = x + before_x, y + before_y
        else:
            whole.append((x, y))
    return whole
