"""``wandb.data_types``: what a script logs beside numbers."""

from __future__ import annotations

from .compat.media import Audio, Histogram, Html, Image, Molecule, Object3D, Plotly, Video
from .compat.table import Table

__all__ = ["Audio", "Histogram", "Html", "Image", "Molecule", "Object3D", "Plotly", "Table", "Video"]
