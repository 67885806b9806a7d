"""A collaborative's own map: any part of the earth, with areas kept, and faults named by file and feature."""

import json
import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest

from ctdc.foundation.collaborative import SHIPPED
from ctdc.foundation.errors import UserError
from ctdc.hub.site.kit import geo
from ctdc.hub.site.kit.atlas import LARGEST
from ctdc.hub.site.kit.geo import EDGE, HIGHEST, WIDTH, WORLD, geometry_for, read_geometry

ARAMEL = SHIPPED.parent / "work-accidents" / "map.geojson"
Box = tuple[float, float, float, float]  # west, south, east, north


def ring(box: Box, steps: int = 40) -> list[list[float]]:
    """A box as a line with so many places on each side: sides along a parallel are not straight on the map."""
    west, south, east, north = box
    corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    return [
        [x1 + (x2 - x1) * at / steps, y1 + (y2 - y1) * at / steps]
        for (x1, y1), (x2, y2) in pairwise(corners)
        for at in range(steps)
    ] + [list(corners[-1])]


def feature(code: str, *boxes: Box, **more: object) -> dict[str, object]:
    shape = {"type": "MultiPolygon", "coordinates": [[ring(box)] for box in boxes]} if boxes else None
    return {"type": "Feature", "properties": {"code": code, **more}, "geometry": shape}


def written(folder: Path, features: Sequence[object]) -> Path:
    path = folder / "map.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def on_sphere(box: Box) -> float:
    west, south, east, north = (math.radians(angle) for angle in box)
    return (east - west) * (math.sin(north) - math.sin(south))


def test_areas_are_in_proportion_at_every_latitude(tmp_path: Path) -> None:
    boxes: dict[str, Box] = {"south": (10, 36, 14, 40), "north": (10, 64, 14, 68), "far": (24, 48, 34, 51)}
    found = read_geometry(written(tmp_path, [feature(code, box) for code, box in boxes.items()])).areas
    sizes = {area.code: area.size / on_sphere(boxes[area.code]) for area in found}
    assert max(sizes.values()) / min(sizes.values()) == pytest.approx(1, abs=0.005)


def test_north_is_up_and_west_is_left_and_all_is_within_the_drawing(tmp_path: Path) -> None:
    boxes: dict[str, Box] = {"sw": (-44, 20, -42, 22), "se": (-40, 20, -38, 22), "nw": (-44, 26, -42, 28)}
    drawn = read_geometry(written(tmp_path, [feature(code, box) for code, box in boxes.items()]))
    at = {area.code: area.point for area in drawn.areas}
    assert at["sw"][0] < at["se"][0] and at["nw"][1] < at["sw"][1]
    assert at["sw"][1] == pytest.approx(at["se"][1], abs=2)
    assert all(EDGE <= x <= WIDTH - EDGE and EDGE <= y <= drawn.height - EDGE for x, y in at.values())


def test_neighbours_across_longitude_180_are_neighbours(tmp_path: Path) -> None:
    boxes: dict[str, Box] = {"west": (177, -19, 179, -17), "east": (-179, -19, -177, -17)}
    areas = read_geometry(written(tmp_path, [feature(code, box) for code, box in boxes.items()])).areas
    at = {area.code: area.point[0] for area in areas}
    assert at["west"] < at["east"]
    assert all(area.size > WIDTH for area in areas)


def test_a_high_country_is_seen_whole(tmp_path: Path) -> None:
    drawn = read_geometry(written(tmp_path, [feature("chile", (-74, -54, -69, -18))]))
    assert drawn.height == HIGHEST
    assert drawn.areas[0].point == (pytest.approx(WIDTH / 2, abs=1), pytest.approx(HIGHEST / 2, abs=60))


def test_a_symbol_stands_where_the_file_says_or_in_the_middle_of_the_largest_part(tmp_path: Path) -> None:
    parts: tuple[Box, Box] = ((0, 40, 0.2, 40.2), (2, 40, 6, 44))
    features = [feature("a", *parts), feature("b", (7, 40, 9, 44), point=[7.5, 41]), feature("c", point=[4, 42])]
    areas = {area.code: area for area in read_geometry(written(tmp_path, features)).areas}
    assert areas["a"].point == pytest.approx(areas["c"].point, abs=8)
    assert areas["b"].point[1] > areas["a"].point[1]
    assert (areas["c"].path, areas["c"].size) == ("", 0)


def test_one_place_is_a_map_too(tmp_path: Path) -> None:
    drawn = read_geometry(written(tmp_path, [feature("here", point=[9, 47])]))
    assert drawn.areas[0].point == (WIDTH / 2, drawn.height / 2)
    assert drawn.height / 2 > LARGEST, "its symbol is seen whole"


def test_the_world_is_as_it_was_where_a_file_has_all_of_it(tmp_path: Path) -> None:
    own = tmp_path / "map.geojson"
    own.write_bytes(WORLD.read_bytes())
    found = read_geometry(own)
    assert found.areas == read_geometry().areas and found.is_own and not read_geometry().is_own


SQUARE = feature("a", (0, 0, 1, 1))
PAIRS = "no pairs of numbers"


def polygon(*places: object) -> dict[str, object]:
    return SQUARE | {"geometry": {"type": "Polygon", "coordinates": [places]}}


@pytest.mark.parametrize(
    ("features", "said"),
    [
        ([], "no features"),
        ([SQUARE, {"type": "Feature", "properties": {"name": "b"}}], "no code"),
        ([SQUARE, SQUARE], "'a' stands at more than one"),
        ([feature("a")], "no shape and no point"),
        ([SQUARE | {"geometry": {"type": "Point", "coordinates": [1, 2]}}], "type 'Point'"),
        ([SQUARE | {"geometry": {}}], "no type"),
        ([SQUARE | {"geometry": {"type": "Polygon"}}], PAIRS),
        ([polygon(["0", "0"], ["1", "0"], ["1", "1"], ["0", "0"])], PAIRS),
        ([polygon("12", "13", "23", "12")], PAIRS),
        ([polygon([True, 0], [1, 0], [1, 1], [True, 0])], PAIRS),
        ([polygon([0, 0], [1, 1])], "not closed"),
        ([polygon([0, 0], [1, 0], [1, 1], [0, 1])], "not closed"),
        ([feature("a", point="here")], PAIRS),
        ([feature("a", point=["1", "2"])], PAIRS),
        ([feature("a", (500_000, 4_000_000, 600_000, 5_000_000))], "no place in degrees"),
    ],
)
def test_another_form_is_refused_with_its_place(tmp_path: Path, features: Sequence[object], said: str) -> None:
    path = written(tmp_path, features)
    with pytest.raises(UserError) as caught:
        read_geometry(path)
    assert said in caught.value.detail.what
    assert caught.value.detail.where.startswith(str(path)) and caught.value.detail.allowed and caught.value.detail.do


@pytest.mark.parametrize(("content", "said"), [("{", "not GeoJSON"), ("[]", "no features"), ("{}", "no features")])
def test_what_is_no_collection_is_refused(tmp_path: Path, content: str, said: str) -> None:
    (path := tmp_path / "map.geojson").write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=said):
        read_geometry(path)


def test_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        read_geometry(tmp_path)


def test_coarse_shapes_around_the_earth_are_a_map_of_all_of_it(tmp_path: Path) -> None:
    """A box from one end to the other: its corners alone would lie in a narrow strip."""
    (wide,) = read_geometry(written(tmp_path, [polygon([-170, 0], [170, 0], [170, 60], [-170, 60], [-170, 0])])).areas
    assert wide.point[0] == pytest.approx(WIDTH / 2, abs=2) and wide.size > WIDTH * 100


def test_shapes_that_would_make_pages_slow_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(geo, "MOST_PATHS", 20)
    with pytest.raises(UserError, match="characters"):
        read_geometry(written(tmp_path, [feature("a", (0, 0, 1, 1))]))


def test_codes_are_on_the_map_that_has_most_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Regions of one country on its own map, origins on that of the world."""
    assert geometry_for(["coast", "valley"]) is None
    monkeypatch.setattr(geo, "current", lambda: SimpleNamespace(part=lambda _: ARAMEL))
    assert geometry_for(["coast", "abroad", "unknown"]) is None, "most have to be"
    regions = geometry_for(["coast", "valley", "abroad"])
    assert regions is not None and regions.is_own and len(regions.codes) == 6
    assert geometry_for(["FRA", "DEU", "coast"]) is read_geometry()
    assert geometry_for(["UN-002"]) is None


def test_a_host_s_own_world_is_drawn_though_it_leaves_a_country_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = json.loads(WORLD.read_text(encoding="utf-8"))
    path = written(tmp_path, [one for one in world["features"] if one["properties"]["code"] != "VAT"])
    monkeypatch.setattr(geo, "current", lambda: SimpleNamespace(part=lambda _: path))
    found = geometry_for(["VAT", "FRA", "DEU"])
    assert found is not None and found.is_own
