"""The benchmark of the studio: what it counts, which links it follows."""

from benchmarks.studio import LINK, NO_PAGE, Seen, summary


def test_pages_are_counted_by_what_they_are_and_not_by_their_number() -> None:
    seen = Seen()
    for path, took in (("/deliveries/12/", 10.0), ("/deliveries/7/?page=2", 30.0), ("/", 20.0)):
        seen.page(path, took)
    seen.error("steward /x: 500")
    found = summary(seen, 2.0)
    assert found["pages"] == {"number": 3, "p50_ms": 20.0, "p95_ms": 29.0, "p99_ms": 29.8, "per_second": 1.5}
    assert set(found["kinds"]) == {"/", "/deliveries/N"}
    assert found["errors"] == ["steward /x: 500"]
    assert found["deliveries"] == {"number": 0}


def test_files_and_the_way_out_are_no_pages() -> None:
    page = b'<a href="/deliveries/1/">x</a> <a href="/account/logout/">x</a> <a href="https://else.org/">x</a>'
    found = [link.decode() for link in LINK.findall(page)]
    assert found == ["/deliveries/1/", "/account/logout/"]
    assert [link for link in found if not NO_PAGE.search(link)] == ["/deliveries/1/"]
    assert NO_PAGE.search("/static/studio.css")
    assert NO_PAGE.search("/deliveries/3/receipt/")
