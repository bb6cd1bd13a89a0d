"""The folder that `separatrix verify --out` fills."""

from __future__ import annotations

from pathlib import Path

from separatrix.core import Fault, StorageError
from separatrix.core.storage import disk_faults, to_json, write_atomic
from separatrix.share.retrodiction.charts import calibration_chart, spans_chart
from separatrix.share.retrodiction.page import to_html
from separatrix.share.retrodiction.table import to_text
from separatrix.team.rehearsal.retrodiction.retrodict import Retrodiction


def check_folder(folder: Path) -> None:
    """Make the folder that is written into; called before the work begins, it spares minutes for nothing.

    Raises
    ------
    StorageError
        If it is a file, or the disk or a permission stands in the way.
    """
    try:
        with disk_faults(folder):
            folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError, FileNotFoundError) as error:
        raise StorageError(
            Fault(file=str(folder), problem="is no folder", mend="give another folder with --out")
        ) from error


def write_retrodiction(result: Retrodiction, folder: Path) -> tuple[Path, ...]:
    """Write result, table, charts and page; the same result gives the same bytes.

    Parameters
    ----------
    folder
        Made where it is not there; files of the same names are replaced.

    Returns
    -------
    tuple of Path
        What was written, the page last.

    Raises
    ------
    StorageError
        If the disk or a permission stands in the way.
    """
    check_folder(folder)
    files = {
        "result.json": to_json(result.to_dict()),
        "table.txt": to_text(result),
        "calibration.svg": str(calibration_chart(result.calibration)),
        "spans.svg": str(spans_chart(result.rows)),
        "retrodiction.html": to_html(result),
    }
    for name, content in files.items():
        write_atomic(folder / name, content)
    return tuple(folder / name for name in files)
