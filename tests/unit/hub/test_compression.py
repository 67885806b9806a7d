"""Who takes compressed answers, and who says that they do not."""

import pytest

from ctdc.hub.compression import accepts_gzip


@pytest.mark.parametrize("header", ["gzip", "br, gzip", "gzip;q=0.5", "GZIP; q=1", "identity;q=0, gzip"])
def test_those_that_take_it(header):
    assert accepts_gzip(header)


@pytest.mark.parametrize("header", ["", "identity", "gzip;q=0", "gzip; q=0", "gzip;q=0.000", "br", "x-gzip2"])
def test_those_that_do_not(header):
    assert not accepts_gzip(header)
