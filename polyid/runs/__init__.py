"""Training runs as processes with a durable record that any front end can watch: start, queue, resume, cancel, read, compare."""

from polyid.runs.launch import cancel, delete, pause, resume, start, start_next
from polyid.runs.record import Run, default_folder, every, latest, queue, read
from polyid.runs.states import ACTIVE, FINISHED, Record, Request

__all__ = [
    "ACTIVE",
    "FINISHED",
    "Record",
    "Request",
    "Run",
    "cancel",
    "default_folder",
    "delete",
    "every",
    "latest",
    "pause",
    "queue",
    "read",
    "resume",
    "start",
    "start_next",
]
