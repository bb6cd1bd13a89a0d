"""Case: the one file a team writes by hand, read with all its faults told at once.

Question: what is known about these two children, and is the file sound?
Input: ``case.yaml`` and the folder around it.
Output: `Case`.
Assumption: exactly one of ``born`` and ``expected_birth`` is given.
Tests: ``tests/case``, ``tests/properties``.
"""

from separatrix.case.model import (
    Case,
    CaseFile,
    Findings,
    GraftSpec,
    ImageSpec,
    ImagingSpec,
    LabelSpec,
    PlanChoice,
    VesselsSpec,
    WishSpec,
)
from separatrix.case.overrides import evidence_for
from separatrix.case.reader import read_case, survey_case
from separatrix.case.rules import EXAMPLE_BIRTH
from separatrix.case.schema import case_schema
from separatrix.case.starter import new_case

__all__ = [
    "EXAMPLE_BIRTH",
    "Case",
    "CaseFile",
    "Findings",
    "GraftSpec",
    "ImageSpec",
    "ImagingSpec",
    "LabelSpec",
    "PlanChoice",
    "VesselsSpec",
    "WishSpec",
    "case_schema",
    "evidence_for",
    "new_case",
    "read_case",
    "survey_case",
]
