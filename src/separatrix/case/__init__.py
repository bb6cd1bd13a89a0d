"""Case: the one file a team writes by hand, read with all its faults told at once.

Question: what is known about these two children, and is the file sound?
Input: ``case.yaml`` and the folder around it.
Output: `Case`.
Assumption: exactly one of ``born`` and ``expected_birth`` is given.
Tests: ``tests/case``, ``tests/properties``.
"""

from separatrix.case.model import Case, CaseFile, ImageSpec, ImagingSpec, LabelSpec

__all__ = ["Case", "CaseFile", "ImageSpec", "ImagingSpec", "LabelSpec"]
