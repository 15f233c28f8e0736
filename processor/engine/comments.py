"""A PNG's comments, whose keywords are strangers' bytes."""

import pyvips
from pyvips import ffi, glib_lib, vips_lib

_PREFIX = b"png-comment-"


def drop_comments(image: pyvips.Image) -> pyvips.Image:
    """Return *image* without the comments of a PNG.

    libvips makes a field of each, named with its keyword: pyvips cannot read one that is no UTF-8, and libpng writes
    none that is empty. So the names are taken as bytes here.
    """
    image = image.copy()
    for name in _field_names(image):
        if name.startswith(_PREFIX):
            vips_lib.vips_image_remove(image.pointer, name)
    return image


def _field_names(image: pyvips.Image) -> list[bytes]:
    fields = vips_lib.vips_image_get_fields(image.pointer)
    names: list[bytes] = []
    while fields[len(names)] != ffi.NULL:
        names.append(ffi.string(fields[len(names)]))
        glib_lib.g_free(fields[len(names) - 1])
    glib_lib.g_free(fields)
    return names
