"""What scanners would show of the pair: T1 and contrast CT, with bias, partial volume and noise."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from separatrix.body.phantom.build import Heads
from separatrix.body.phantom.model import Reals, Singles, Tissue
from separatrix.body.phantom.network import Network
from separatrix.body.phantom.shape import Layers
from separatrix.core import generator

T1_GAIN = 2.4
"""Scanner units of T1 per unit of the template."""

_T1 = {"csf": 182.0, "dura": 210.0, "bone": 120.0, "fat": 560.0, "muscle": 330.0, "eye": 150.0}
_CT = {
    "csf": 8.0,
    "grey": 38.0,
    "white": 31.0,
    "dura": 65.0,
    "bone": 620.0,
    "fat": -60.0,
    "muscle": 48.0,
    "eye": 12.0,
}
_CT_AIR = -1000.0
_T1_ARTERY, _T1_VEIN = 620.0, 290.0
_CT_ARTERY, _CT_VEIN = 230.0, 250.0

_T1_NOISE = 14.0
_CT_NOISE = 9.0
_BIAS = 0.12
_BLUR_MM = {"t1": 0.55, "ct": 0.5}


def _share(level: Singles, spacing: float) -> Singles:
    """Share of a voxel below a level set (mm): 1 well inside, 0 well outside, linear across the border."""
    return np.asarray(np.clip(0.5 - level / np.float32(spacing), 0, 1), dtype=np.float32)


def tissue_images(heads: Heads, layers: Layers) -> tuple[Singles, Singles]:
    """T1 (scanner units) and CT (HU) of all tissue but the vessels, noise-free."""
    sp = heads.grid.spacing_mm[0]
    d, skin = heads.distance, heads.soft.skin
    bone_end = np.float32(layers.csf + layers.dura) + heads.bone_mm
    body, face = _share(skin, sp), _share(heads.soft.bone, sp)
    fat = np.clip((skin + np.float32(3.5)) / 2, 0, 1)  # fat under the skin, muscle below
    t1 = np.float32(_T1["muscle"]) + fat * np.float32(_T1["fat"] - _T1["muscle"])
    ct = np.float32(_CT["muscle"]) + fat * np.float32(_CT["fat"] - _CT["muscle"])
    for share, name in ((_share(heads.soft.eyes, sp), "eye"), (face, "bone")):
        t1 += share * (np.float32(_T1[name]) - t1)
        ct += share * (np.float32(_CT[name]) - ct)
    clear = _share(heads.soft.air, sp)
    t1 *= 1 - clear
    ct += clear * (np.float32(_CT_AIR) - ct)
    t1 *= body
    ct = body * ct + (1 - body) * np.float32(_CT_AIR)
    for level, name in ((bone_end, "bone"), (layers.csf + layers.dura, "dura")):
        share = _share(d - level, sp)
        t1 += share * (np.float32(_T1[name]) - t1)
        ct += share * (np.float32(_CT[name]) - ct)
    inside = _share(d - layers.csf, sp)
    p, grey, white = heads.brain
    t1 += inside * (p * np.float32(T1_GAIN) - t1)
    soft = (
        np.float32(_CT["csf"])
        + grey * np.float32(_CT["grey"] - _CT["csf"])
        + white * np.float32(_CT["white"] - _CT["csf"])
    )
    ct += inside * (soft - ct)
    return np.asarray(t1, dtype=np.float32), np.asarray(ct, dtype=np.float32)


def add_vessels(t1: Singles, ct: Singles, network: Network) -> None:
    """Fill the vessels with blood and contrast, in place; their walls run through voxels."""
    spacing = network.spacing
    near = network.clear < spacing
    share = _share(network.clear[near], spacing)
    is_artery = np.array([e.label in (Tissue.ARTERY_A, Tissue.ARTERY_B) for e in network.edges])
    artery = is_artery[network.nearest[near]]
    for image, of_artery, of_vein in ((t1, _T1_ARTERY, _T1_VEIN), (ct, _CT_ARTERY, _CT_VEIN)):
        blood = np.where(artery, np.float32(of_artery), np.float32(of_vein))
        image[near] += share * (blood - image[near])


def scan(image: Singles, kind: str, seed: int, spacing: float) -> npt.NDArray[np.int16]:
    """Blur, bias and noise of one scanner (``t1`` or ``ct``), as whole numbers."""
    from scipy import ndimage as ndi

    blurred = ndi.gaussian_filter(image, _BLUR_MM[kind] / spacing, truncate=3)
    random = generator(seed, "phantom", "noise", kind)
    if kind == "ct":
        noise = ndi.gaussian_filter(random.standard_normal(image.shape, dtype=np.float32), 0.5, truncate=3)
        noise *= np.float32(_CT_NOISE) / noise.std()
        return np.asarray(np.clip(np.rint(blurred + noise), -1024, 3071), dtype=np.int16)
    blurred *= _bias(image.shape, seed, spacing)
    # A magnitude image: noise in both channels, so that air is dark but never negative.
    real = blurred + np.float32(_T1_NOISE) * random.standard_normal(image.shape, dtype=np.float32)
    other = np.float32(_T1_NOISE) * random.standard_normal(image.shape, dtype=np.float32)
    return np.asarray(np.clip(np.rint(np.hypot(real, other)), 0, 4095), dtype=np.int16)


def _bias(shape: tuple[int, ...], seed: int, spacing: float) -> Singles:
    """A smooth coil profile around 1: a product of low cosines along the axes."""
    random = generator(seed, "phantom", "bias")
    field = np.zeros(shape, np.float32)
    for _ in range(4):
        waves: list[Reals] = []
        for n in shape:
            where = np.arange(n) * spacing
            waves.append(np.cos(2 * np.pi * where / random.uniform(250, 600) + random.uniform(0, 2 * np.pi)))
        product = waves[0][:, None, None] * waves[1][None, :, None] * waves[2][None, None, :]
        field += product.astype(np.float32)
    return np.asarray(np.exp(_BIAS * field / np.sqrt(4 / 8)), dtype=np.float32)
