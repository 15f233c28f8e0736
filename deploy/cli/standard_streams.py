"""Opens standard streams that were closed at the start, as daemons and `>&-` do."""

import os
import sys

_STREAMS = (("stdin", os.O_WRONLY, "r"), ("stdout", os.O_RDONLY, "w"), ("stderr", os.O_RDONLY, "w"))


def open_closed_streams() -> None:
    """Replace closed standard streams, for this process and its children.

    Else the next file that is opened would be standard output, and be written into. What is read from or written to
    such a descriptor is an error; what is printed is lost, as whoever closed the stream wished.
    """
    for name, flags, mode in _STREAMS:
        if getattr(sys, name) is None:
            placeholder = os.open(os.devnull, flags)  # gets the lowest free number, which is the stream's
            os.set_inheritable(placeholder, True)
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - for good
