"""How libvips is set up in a process that decodes strangers' files."""

import pyvips

_ACCEPTED_LOADERS = ("Jpeg", "Png", "Webp", "Nsgif", "Tiff", "Heif")
"""libvips' names of the only decoders that strangers' files may reach."""


def set_up_libvips() -> None:
    """Set this process's libvips up: one thread, no cache of operations, only the accepted formats' decoders."""
    pyvips.concurrency_set(1)  # as many processes as cores; threads within them only add overhead
    pyvips.cache_set_max(0)  # a path is reused with other content, and a cached decode is memory held for nothing
    pyvips.block_untrusted_set(True)
    pyvips.operation_block_set("VipsForeignLoad", True)
    for name in _ACCEPTED_LOADERS:
        pyvips.operation_block_set(f"VipsForeignLoad{name}", False)
