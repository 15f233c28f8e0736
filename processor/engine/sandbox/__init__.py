"""Confines an image process, so that a decoder taken over by a hostile picture has nothing to reach.

`confine` is all that others call. Linux is asked directly, through ctypes: Landlock for files, seccomp for system
calls, capabilities, limits. What holds and what does not is told in docs/engine.md.
"""
