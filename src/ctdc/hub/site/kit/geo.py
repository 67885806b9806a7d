"""The countries of the map: read from a GeoJSON file, projected to Equal Earth, as paths.

Promise: any file of the same form can stand in the place of the one that is here: a FeatureCollection in degrees whose
features have `code` (a country's code, empty for an area that belongs to none), `disputed`, and `point`, where a symbol
for the country stands. Areas keep their proportions (Šavrič, Patterson and Jenny, "The Equal Earth map projection",
International Journal of Geographical Information Science 33, 2019). North is up, and west is left in every language.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

WORLD = Path(__file__).parent / "geometry" / "world.json"
WIDTH = 2000.0  # of the drawing, so that whole numbers are fine enough
LATITUDES = (-58.0, 84.0)  # what the map shows
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
    """All areas. height: of the drawing."""

    areas: tuple[Area, ...]
    height: float


def equal_earth(longitude: float, latitude: float) -> tuple[float, float]:
    """A place given in degrees on the projection's plane, in radii of the sphere, y upwards."""
    angle = math.asin(_M * math.sin(math.radians(latitude)))
    square = angle * angle
    sixth = square * square * square
    a1, a2, a3, a4 = _A
    slope = a1 + 3 * a2 * square + sixth * (7 * a3 + 9 * a4 * square)
    x = math.radians(longitude) * math.cos(angle) / (_M * slope)
    return x, angle * (a1 + a2 * square + sixth * (a3 + a4 * square))


@cache
def read_geometry(path: Path = WORLD) -> Geometry:
    """The areas of a file. Raises KeyError or ValueError for a file of another form: it belongs to the program."""
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    return Geometry(tuple(_area(feature) for feature in features), round(_place((0, LATITUDES[0]))[1]))


def _place(point: Sequence[float]) -> tuple[float, float]:
    """Where a place in degrees is on the drawing."""
    scale = WIDTH / (2 * equal_earth(180, 0)[0])
    x, y = equal_earth(point[0], point[1])
    return WIDTH / 2 + x * scale, (equal_earth(0, LATITUDES[1])[1] - y) * scale


def _area(feature: Any) -> Area:
    properties, geometry = feature["properties"], feature["geometry"]
    polygons = [] if geometry is None else geometry["coordinates"]
    if geometry is not None and geometry["type"] == "Polygon":
        polygons = [polygons]
    rings = [[_place(point) for point in ring] for polygon in polygons for ring in polygon]
    size = max((_size(ring) for ring in rings), default=0.0)
    path = "".join(_path(ring) for ring in rings)
    return Area(properties["code"], bool(properties["disputed"]), path, size, _place(properties["point"]))


def _size(ring: Sequence[tuple[float, float]]) -> float:
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise(ring))) / 2


def _path(ring: Sequence[tuple[float, float]]) -> str:
    """A ring as steps of whole numbers; what is smaller than one is left out."""
    points = [(round(x), round(y)) for x, y in ring]
    steps = [(x2 - x1, y2 - y1) for (x1, y1), (x2, y2) in pairwise(points)]
    moved = [f"{x}{'' if y < 0 else ' '}{y}" for x, y in steps if x or y]
    return f"M{points[0][0]} {points[0][1]}l{' '.join(moved)}z" if len(moved) > 1 else ""
