"""What the card of a distilled model says of the ensemble that it speaks for."""

from __future__ import annotations

from typing import Any

from polyid.report.files import number_text


def distillation_section(found: dict[str, Any], titles: dict[str, str]) -> str:
    """Markdown on what a distilled model was taught, what it loses and what it gains.

    Parameters
    ----------
    found : dict
        Entry ``distilled`` of `parameters.json`.
    titles : dict of str to str
        Label and unit of each property.
    """
    taught, times, unlabelled = found["taught_on"], found["processor_milliseconds"], found["unlabelled"]
    others = [
        f"{taught[kind]:,} {name}" for kind, name in (("given", "given"), ("generated", "generated")) if taught[kind]
    ]
    lines = [
        "| Property | Values | Ensemble | This model | Worse by | Apart | Expected error |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, errors in found["out_of_fold"].items():
        before, after = errors["teacher"], errors["student"]
        worse = f"{100.0 * (after / before - 1.0):.1f} %" if before and after is not None else ""
        apart = unlabelled["properties"][name]
        cells = [number_text(before), number_text(after), worse]
        cells += [number_text(apart["difference"]), number_text(apart["expected_error"])]
        lines.append(f"| {titles[name]} | {errors['n']} | {' | '.join(cells)} |")
    table = "\n".join(lines)
    return f"""### What it loses and gains

It was taught what the ensemble says of its {taught["training"]:,} training polymers and of {" and ".join(others)} repeat units that
nobody has measured. *Ensemble* and *This model* are mean absolute errors of polymers that neither had seen: each fold is predicted by
the member that never saw it, and by a network that was taught by this member alone. *Apart* is the median difference of this model from the ensemble on {unlabelled["polymers"]}
other unmeasured units, which it was not taught; *Expected error* is the median error that the ensemble expects of itself there. On {100.0 * unlabelled["same_verdict"]:.0f} %
of these units the verdict on the domain of validity is the ensemble's. It was not taught stereo marks: they move nothing.

{table}

A prediction takes {times["student"]:.1f} ms of a processor instead of {times["teacher"]:.1f} ms, reading included.

"""
