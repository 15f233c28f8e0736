"""The image processes: decoders crash, hang and swell in children, never here.

    make ── queue ── a thread for each child ══ socket ══ the child: confined, one job at a time

What a child is given is its original, as an open file. What it answers are variants and a few numbers, in bounded
frames that can hold no code (`answers.py`); the thread checks them and writes the files (`outputs.py`).
"""

from processor.pool.image_pool import ImagePool
from processor.pool.job_queue import Lane
from processor.pool.losses import EngineFailedError, Loss, WorkerLostError

__all__ = ["EngineFailedError", "ImagePool", "Lane", "Loss", "WorkerLostError"]
