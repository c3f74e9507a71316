"""Pages of a PDF as arrays of pixels, for a caller's text recognition. Needs numpy."""

from __future__ import annotations

from typing import Any

import numpy as np

from structx import _core


def of_page(source: _core.Prepared, number: int, resolution: float, most: int) -> Any:
    """A page, from 1, as an array of bytes: its rows from the top, their pixels, red, green, blue.

    Args:
        source: a PDF.
        number: the number of the page, from 1.
        resolution: in dots per inch; less if the page would have more than `most` pixels.
        most: the most pixels.

    Raises:
        FileError: the page can't be rendered, or not within the limits of the document.
    """
    width, height, data = _core.rendering(source, number, resolution, most).wait()
    # Of a bytearray, so that the array can be written to.
    pixels: Any = np.frombuffer(bytearray(data), np.uint8)
    return pixels.reshape(height, width, 3)
