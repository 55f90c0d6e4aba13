"""Entry ``distilled`` of ``parameters.json``: what one network that speaks for an ensemble was taught, what it loses and gains."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from polyid.bundle.strict import Strict

Count = Annotated[int, Field(ge=0)]
Error = Annotated[float, Field(ge=0)]
Milliseconds = Annotated[float, Field(gt=0)]


class TwoErrors(Strict):
    """Mean absolute errors of a property on held-out polymers, ``n`` of them measured."""

    n: Count
    teacher: Error | None
    student: Error | None


class Apart(Strict):
    """Medians of a property on unlabelled polymers."""

    difference: Error
    expected_error: Error


class Teacher(Strict):
    members: Annotated[int, Field(ge=2, le=10_000)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class TaughtOn(Strict):
    """Numbers of polymers."""

    training: Count
    given: Count
    generated: Count


class Unlabelled(Strict):
    """Student and teacher compared on polymers that were not taught."""

    polymers: Count
    properties: dict[str, Apart]
    same_verdict: Annotated[float, Field(ge=0, le=1)]


class ProcessorTime(Strict):
    """Milliseconds of a processor for a prediction."""

    teacher: Milliseconds
    student: Milliseconds


class Distilled(Strict):
    teacher: Teacher
    taught_on: TaughtOn
    out_of_fold: dict[str, TwoErrors]
    unlabelled: Unlabelled
    processor_milliseconds: ProcessorTime
