"""The names of metrics in MLflow. What stands before the `/` is a section of MLflow's charts page.

Every run has the same names, so that a search, its trials and the final training can be drawn in one chart.
"""

from collections.abc import Mapping

from darkroom.metrics.intervals import Score
from darkroom.saving.model_folder import HistoryRow


def of_epoch(row: Mapping[str, object] | HistoryRow) -> dict[str, float]:
    """`loss` becomes `train/loss`, `val_loss` becomes `val/loss`; what is no float, such as the epoch, is left out."""
    return {_of_column(column): value for column, value in row.items() if isinstance(value, float)}


def of_scores(scores: Mapping[str, Score]) -> dict[str, float | None]:
    """`test/METRIC`, and its interval as the pair `test_interval/METRIC_low` and `test_interval/METRIC_high`."""
    values = {f"test/{metric}": score["value"] for metric, score in scores.items()}
    ends = {f"test_interval/{metric}_{end}": score[end] for metric, score in scores.items() for end in ("low", "high")}
    return values | ends


def _of_column(column: str) -> str:
    metric = column.removeprefix("val_")
    return f"train/{metric}" if metric == column else f"val/{metric}"
