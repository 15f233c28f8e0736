"""Image files of every kind that tests need, as bytes: sound ones by Pillow, awkward ones by editing bytes."""

import io
import struct
import zlib
from functools import cache
from importlib.resources import files

import numpy as np
from PIL import Image

from common.formats import ImageFormat

TEXT = b"This is no image, whatever its name says.\n"
SVG = b'<?xml version="1.0"?>\n<!-- a drawing --><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
HTML = b"<!DOCTYPE html><html><body><svg></svg></body></html>"
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n"

_ORIENTATION = 0x0112


def photo(
    image_format: ImageFormat = ImageFormat.JPEG, *, width: int = 320, height: int = 240, quality: int = 90
) -> bytes:
    """Return a real photo, scaled to *width* and *height*; lossless formats ignore *quality*."""
    return _saved(_astronaut().resize((width, height)), image_format, quality=quality)


def transparent(image_format: ImageFormat = ImageFormat.PNG, *, width: int = 320, height: int = 240) -> bytes:
    """Return a photo that fades from opaque on the left to clear on the right."""
    picture = _astronaut().resize((width, height))
    picture.putalpha(Image.fromarray(np.tile(np.linspace(255, 0, width, dtype=np.uint8), (height, 1))))
    return _saved(picture, image_format)


def rotated(
    orientation: int, image_format: ImageFormat = ImageFormat.JPEG, *, width: int = 320, height: int = 240
) -> bytes:
    """Return a photo of *width* by *height* as stored, with an EXIF *orientation* of 1 to 8."""
    exif = Image.Exif()
    exif[_ORIENTATION] = orientation
    return _saved(_astronaut().resize((width, height)), image_format, exif=exif.tobytes())


def cmyk(*, width: int = 320, height: int = 240) -> bytes:
    """Return a JPEG in four inks, without a profile."""
    return _saved(_astronaut().resize((width, height)).convert("CMYK"), ImageFormat.JPEG)


def grey(image_format: ImageFormat = ImageFormat.JPEG, *, width: int = 320, height: int = 240) -> bytes:
    """Return a photo of one channel."""
    return _saved(_astronaut().resize((width, height)).convert("L"), image_format)


def lossless_webp(*, width: int = 320, height: int = 240) -> bytes:
    """Return a WebP of the lossless kind."""
    return _saved(_astronaut().resize((width, height)), ImageFormat.WEBP, lossless=True)


def progressive_jpeg(*, width: int = 320, height: int = 240) -> bytes:
    """Return a JPEG of several scans."""
    return _saved(_astronaut().resize((width, height)), ImageFormat.JPEG, progressive=True)


def palette(*, width: int = 320, height: int = 240) -> bytes:
    """Return a PNG of 64 colours in a palette."""
    return _saved(_astronaut().resize((width, height)).quantize(64), ImageFormat.PNG)


def sixteen_bit(*, width: int = 320, height: int = 240) -> bytes:
    """Return a grey PNG of 16 bits a pixel, a ramp from black to white."""
    ramp = np.tile(np.linspace(0, 65535, width, dtype=np.uint16), (height, 1))
    return _saved(Image.fromarray(ramp), ImageFormat.PNG)


def animated(
    image_format: ImageFormat = ImageFormat.GIF, *, frames: int = 3, width: int = 64, height: int = 48
) -> bytes:
    """Return an animation, GIF or WebP, of *frames* different frames of 50 milliseconds, looping for ever."""
    pictures = [_astronaut().resize((width, height)).rotate(360 * turn / frames) for turn in range(frames)]
    return _saved(pictures[0], image_format, save_all=True, append_images=pictures[1:], duration=50, loop=0)


def png_bomb(*, width: int = 30000, height: int = 30000) -> bytes:
    """Return a sound PNG of few bytes and many pixels, one bit each."""
    row = bytes(1 + (width + 7) // 8)
    squeezer = zlib.compressobj(9)
    pixels = b"".join(squeezer.compress(row) for _ in range(height)) + squeezer.flush()
    header = struct.pack(">LLBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", pixels) + png_chunk(b"IEND", b"")


def lying_jpeg(*, width: int = 65500, height: int = 65500) -> bytes:
    """Return a small JPEG whose header claims *width* and *height*."""
    content = photo(ImageFormat.JPEG)
    at = content.index(b"\xff\xc0") + 5
    return content[:at] + struct.pack(">HH", height, width) + content[at + 4 :]


def lying_png(*, width: int, height: int) -> bytes:
    """Return a PNG whose header claims *width* and *height*, with the right checksum."""
    content = photo(ImageFormat.PNG, width=8, height=8)
    return content[:8] + png_chunk(b"IHDR", struct.pack(">LL", width, height) + content[24:29]) + content[33:]


def heic() -> bytes:
    """Return a file that says in its brands that it is HEIC; the pixels are an AVIF's."""
    return photo(ImageFormat.AVIF).replace(b"avif", b"heic").replace(b"mif1", b"heix")


def bmp() -> bytes:
    """Return an image of a kind that is not taken."""
    buffer = io.BytesIO()
    _astronaut().resize((8, 8)).save(buffer, "BMP")
    return buffer.getvalue()


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """Return a PNG chunk with its length and checksum."""
    return struct.pack(">L", len(content)) + kind + content + struct.pack(">L", zlib.crc32(kind + content))


@cache
def _photograph() -> Image.Image:
    with (files("skimage.data") / "astronaut.png").open("rb") as file:
        return Image.open(file).convert("RGB")


def _astronaut() -> Image.Image:
    return _photograph().copy()


def _saved(picture: Image.Image, image_format: ImageFormat, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, image_format.value.upper(), **options)
    return buffer.getvalue()
