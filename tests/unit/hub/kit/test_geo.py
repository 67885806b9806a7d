"""Outlines of countries: thinned where nobody sees it, and alike on both sides of a border."""

from ctdc.hub.site.kit.geo import FLAT, _straight, _thinned

Point = tuple[int, int]


def coast(length: int) -> list[Point]:
    """A jagged line, closed far below."""
    top = [(x, (x * 7919) % 3) for x in range(length)]
    return [*top, (length, -500), (0, -500), top[0]]


def test_points_that_nobody_misses_go_and_corners_stay() -> None:
    ring = coast(60)
    thin = _thinned(ring)
    assert len(thin) < 0.8 * len(ring)
    assert {(60, -500), (0, -500)} <= set(thin)
    assert (thin[0], thin[-1]) == (ring[0], ring[-1])
    assert FLAT < 10


def test_two_countries_keep_the_same_border() -> None:
    border = [(x, (x * 7919) % 3) for x in range(60)]
    north = [(-5, 300), *border, (65, 300), (-5, 300)]
    south = [(65, -300), *reversed(border), (-5, -300), (65, -300)]
    inner = set(border[1:-1])
    assert set(_thinned(north)) & inner == set(_thinned(south)) & inner


def test_small_islands_keep_every_point() -> None:
    island = [(0, 0), (1, 1), (2, 0), (2, -1), (1, -2), (0, -1), (0, 0)]
    assert _thinned(island) == island


def test_steps_that_go_the_same_way_become_one() -> None:
    assert _straight([(1, 0), (2, 0), (0, 1), (1, 1), (2, 2), (-1, -1)]) == [(3, 0), (0, 1), (3, 3), (-1, -1)]
