"""A training run as a process with a durable record that any front end can watch: start, resume, cancel, read."""

from polyid.runs.launch import cancel, resume, start
from polyid.runs.record import ACTIVE, FINISHED, Record, Request, Run, default_folder, latest, read

__all__ = [
    "ACTIVE",
    "FINISHED",
    "Record",
    "Request",
    "Run",
    "cancel",
    "default_folder",
    "latest",
    "read",
    "resume",
    "start",
]
