"""What to order: packs for each patient that suffice at a confidence, and how far that rests on assumptions.

Packs wanted are those used where the stock has no end, so that a stock that runs out does not hide the need.
"""

from __future__ import annotations

from itertools import product
from typing import Literal

import numpy as np

from separatrix.team.protocol.model import Procedure
from separatrix.team.rehearsal.answers.assumptions import Draws, packs_for
from separatrix.team.rehearsal.answers.model import BloodOrder
from separatrix.team.rehearsal.runs.rows import Rows

CONFIDENCES = (0.90, 0.95, 0.99)
"""Of the orders that are told."""

Product = Literal["red_cells", "plasma", "platelets"]

COLUMNS: dict[Product, str] = {
    "red_cells": "red_packs",
    "plasma": "plasma_packs",
    "platelets": "platelet_packs",
}
"""Column of the rows that counts packs of a product."""

STOCK: dict[Product, str] = {
    "red_cells": "red_cell_packs",
    "plasma": "plasma_packs",
    "platelets": "platelet_packs",
}
"""Name of a product's stock, before the patient's letter."""


def pack_columns(procedure: Procedure) -> tuple[tuple[str, str], ...]:
    """(patient, column) of all packs that are counted."""
    return tuple(product(procedure.patients, COLUMNS.values()))


def blood_orders(procedure: Procedure, wanted: Rows, draws: Draws | None) -> tuple[BloodOrder, ...]:
    """Orders of each product for each patient at each confidence.

    Parameters
    ----------
    procedure
        Its stock is told beside the order.
    wanted
        Rehearsals with blood without end, at the numbers as they are.
    draws
        The outer loop, which counted the same packs; None: the order has no band.
    """
    told = []
    for patient, (name, column), confidence in product(procedure.patients, COLUMNS.items(), CONFIDENCES):
        packs = packs_for(wanted.column(f"{column}@{patient}"), confidence)
        spread = np.array([packs]) if draws is None else draws.packs[patient, column, confidence]
        told.append(
            BloodOrder(
                patient=patient,
                product=name,
                confidence=confidence,
                packs=int(packs),
                low=int(min(packs, np.quantile(spread, 0.05, method="inverted_cdf"))),
                high=int(max(packs, np.quantile(spread, 0.95, method="inverted_cdf"))),
                stock=procedure.consumables.get(f"{STOCK[name]}_{patient}", 0),
            )
        )
    return tuple(told)
