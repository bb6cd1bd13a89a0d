"""Imaging: what do the scans show, on one grid?

Question: what do the scans show, where, and in which frame?
Input: images (DICOM, NIfTI, NRRD), a label map or segmentation, landmarks.
Output: `Scene` on one isotropic planning grid in patient LPS millimetres.
Assumption: position and orientation stand in the files; what is missing or contradictory is refused.
Tests: ``tests/body/imaging``.
"""

from separatrix.body.imaging.dicom_write import make_uid, write_dicom_series
from separatrix.body.imaging.io import load_scene, save_scene
from separatrix.body.imaging.landmarks import write_landmarks
from separatrix.body.imaging.model import Landmark, Registration, Scene, SceneImage, Structure
from separatrix.body.imaging.native import native_image, native_labels
from separatrix.body.imaging.scene import read_scene
from separatrix.body.imaging.slicer_seg import write_segmentation
from separatrix.body.imaging.volumes import read_volume, write_volume

__all__ = [
    "Landmark",
    "Registration",
    "Scene",
    "SceneImage",
    "Structure",
    "load_scene",
    "make_uid",
    "native_image",
    "native_labels",
    "read_scene",
    "read_volume",
    "save_scene",
    "write_dicom_series",
    "write_landmarks",
    "write_segmentation",
    "write_volume",
]
