"""Names of the columns of tables of predictions and of held-out rows: written here and nowhere else."""

from __future__ import annotations

MEAN, STD, EXPECTED_ERROR, LOWER, UPPER = FIGURES = ("mean", "std", "error", "lower", "upper")
"""What a table of predictions says of a property."""
MARKS_IGNORED = "marks_ignored"
"""Properties that are predicted as without stereo marks and pm, and why."""
MEASURED = "measured"
"""What was measured of a training polymer, and where it is from."""
DOMAIN, DOMAIN_REASON, NEAREST = "domain", "domain_reason", "nearest_training_polymers"


def prediction_column(name: str, figure: str) -> str:
    """Column of a property's figure in a table of predictions, such as ``Density_pred_mean``.

    Parameters
    ----------
    name : str
        The property.
    figure : str
        One of `FIGURES`, or any aggregation over the members.
    """
    return f"{name}_pred_{figure}"


def held_out_column(name: str, part: str) -> str:
    """Column of a table of held-out rows, such as ``Density_lower``; the measured values are in ``Density`` itself.

    Parameters
    ----------
    name : str
        The property.
    part : str
        ``pred``, ``expected_error``, ``lower``, ``upper``, or ``network`` and ``kernel``, what the two say alone.
    """
    return f"{name}_{part}"


def member_column(name: str) -> str:
    """Column of what one member, or all that never saw a row, say of a property, such as ``Density_pred``."""
    return held_out_column(name, "pred")
