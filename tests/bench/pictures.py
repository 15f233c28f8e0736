"""The pictures that are measured: made from the photographs in scikit-image's wheel, and whatever a folder holds."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from skimage import data

_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})


def write_pictures(folder: Path) -> list[Path]:
    """Write five pictures as services get them and return their paths; the same bytes every time."""
    grainy = {"photo-24mp.jpg": ("coffee", (6000, 4000)), "photo-12mp.jpg": ("rocket", (4000, 3000))}
    for name, (photo, size) in grainy.items():
        photograph(photo, size).save(folder / name, quality=92)
    _mosaic((3000, 2000)).save(folder / "sharp-6mp.jpg", quality=92)
    _screenshot((4000, 3000)).save(folder / "screenshot-12mp.png")
    _cut_out((2500, 2400)).save(folder / "transparent-6mp.png")
    return sorted(folder.iterdir())


def photograph(name: str, size: tuple[int, int]) -> Image.Image:
    """Return one of scikit-image's photographs as a camera of that many pixels would have taken it."""
    return _with_grain(_photo(name).resize(size, Image.Resampling.BICUBIC))


def pictures_in(folder: Path) -> list[Path]:
    """Return the pictures of *folder* itself."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES)


def _photo(name: str) -> Image.Image:
    return Image.fromarray(getattr(data, name)()).convert("RGB")


def _with_grain(image: Image.Image) -> Image.Image:
    """Return *image* with the noise that a sensor adds, without which enlarged photos pack far too well."""
    pixels = np.asarray(image).astype(np.int16)
    grain = np.random.default_rng(7).normal(0, 5, pixels.shape[:2]).astype(np.int16)
    return Image.fromarray((pixels + grain[..., np.newaxis]).clip(0, 255).astype(np.uint8))


def _mosaic(size: tuple[int, int]) -> Image.Image:
    """Return many photos side by side at their own resolution: as sharp as pixels can be."""
    canvas = Image.new("RGB", size)
    photos = [_photo(name) for name in ("astronaut", "coffee", "chelsea", "rocket", "retina")]
    left = top = number = row = 0
    while top < size[1]:
        photo = photos[number % len(photos)]
        canvas.paste(photo, (left, top))
        left, row, number = left + photo.width, max(row, photo.height), number + 1
        if left >= size[0]:
            left, top, row = 0, top + row, 0
    return canvas


def _screenshot(size: tuple[int, int]) -> Image.Image:
    """Return windows with text, icons and one photo."""
    canvas = Image.new("RGB", size, "#20242c")
    draw = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(34)
    for number in range(6):
        left, top = 120 + number % 3 * 1280, 120 + number // 3 * 1420
        draw.rounded_rectangle((left, top, left + 1200, top + 1320), 24, "#f7f7f5")
        draw.rectangle((left, top + 24, left + 1200, top + 90), ("#3367d6", "#0f9d58", "#db4437")[number % 3])
        for line in range(26):
            words = f"{number}.{line:02} the quick brown fox jumps over the lazy dog {line * 7919 % 997}"
            draw.text((left + 40, top + 130 + line * 44), words, ("#222222", "#1a5fb4")[line % 5 == 0], font)
    canvas.paste(_photo("astronaut"), (2780, 2000))
    return canvas


def _cut_out(size: tuple[int, int]) -> Image.Image:
    """Return a photo that fades out to its edges, as a product picture does."""
    image = photograph("chelsea", size)
    alpha = Image.radial_gradient("L").resize(size).point([min(255, max(0, (150 - level) * 5)) for level in range(256)])
    image.putalpha(alpha)
    return image
