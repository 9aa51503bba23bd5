"""The thread that a model speaks on, and jobs for it."""

from ditar_studio.engine.worker import Job, Work, Worker

__all__ = ["Job", "Work", "Worker"]
