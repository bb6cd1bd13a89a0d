"""Pictures as ``data:`` addresses: the same pixels give the same bytes."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def rgb(colour: str) -> tuple[int, int, int]:
    """``#rrggbb`` as three numbers from 0 to 255.

    Examples
    --------
    >>> rgb("#7b3fa0")
    (123, 63, 160)
    """
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def data_address(content: bytes, kind: str) -> str:
    """A ``data:`` address of a media type."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def png_grey(pixels: npt.NDArray[np.uint8]) -> str:
    """A grey PNG of pixels of shape (rows, columns)."""
    from PIL import Image

    return _png(Image.fromarray(pixels))


def png_colour(pixels: npt.NDArray[np.uint8]) -> str:
    """A colour PNG of pixels of shape (rows, columns, 3)."""
    from PIL import Image

    return _png(Image.fromarray(pixels))


def png_palette(index: npt.NDArray[np.uint8], palette: Sequence[tuple[int, int, int, int]]) -> str:
    """A PNG of palette indices, shape (rows, columns); the palette holds red, green, blue, opacity."""
    from PIL import Image

    image = Image.fromarray(index).convert("P")
    image.putpalette([part for colour in palette for part in colour[:3]])
    return _png(image, transparency=bytes(colour[3] for colour in palette))


def _png(image: object, **options: object) -> str:
    stream = io.BytesIO()
    image.save(stream, format="PNG", compress_level=6, **options)  # type: ignore[attr-defined]
    return data_address(stream.getvalue(), "image/png")
