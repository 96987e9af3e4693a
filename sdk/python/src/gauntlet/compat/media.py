"""``wandb.Image``, ``Histogram``, ``Video``, ``Audio``, ``Html`` and so on, and what of them becomes a file.

A value is turned into bytes when it is made, as a loop may change its array afterwards.
"""

from __future__ import annotations

import io
import json
import math
import sys
import wave
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..values import mime_type_of
from .plain import plain

__all__ = [
    "Audio", "Blob", "Chart", "Histogram", "Html", "Image", "Logged", "Molecule", "Object3D", "Plotly",
    "Video",
    "blobs_of", "is_array", "is_figures", "is_media",
]  # fmt: skip


@dataclass(slots=True)
class Blob:
    """A file to keep: its name, what is in it or where it is, its type, its role."""

    name: str
    content: bytes | Path
    mime_type: str
    role: str


class Logged:
    """A value that is logged as files."""

    def blobs(self, name: str) -> Iterator[Blob]:
        """Its files, called ``name`` and what each of them is."""
        raise NotImplementedError


class _File(Logged):
    """A value that is one file: one that exists, or bytes."""

    role = "file"
    suffix = ".bin"

    def __init__(self, content: bytes | Path, suffix: str, caption: Any = None) -> None:
        self.content = content
        self.suffix = suffix if suffix.startswith(".") else f".{suffix}"
        self.caption = None if caption is None else str(caption)

    def blobs(self, name: str) -> Iterator[Blob]:
        """The file; its caption is part of its name."""
        full = f"{name}: {self.caption}" if self.caption else name
        mime_type = mime_type_of(f"x{self.suffix}")
        yield Blob(f"{full}{self.suffix}", self.content, mime_type, self.role)


def _provided(data: Any, default: str) -> tuple[bytes | Path, str] | None:
    """What is a file already, as its content and the ending of its name: a path, an open file, bytes."""
    if isinstance(data, str | Path):
        path = Path(data)
        content = path.read_bytes() if path.stat().st_size <= 1 << 20 else path.absolute()
        return content, path.suffix or default
    if isinstance(data, bytes | bytearray):
        return bytes(data), default
    if hasattr(data, "read"):
        found = data.read()
        suffix = Path(str(getattr(data, "name", ""))).suffix or default
        return found.encode() if isinstance(found, str) else found, suffix
    return None


class Image(_File):
    """A picture: a path, a PIL image, a matplotlib figure, a NumPy array or a torch tensor. Boxes and masks
    are stored as a file beside it."""

    role = "image"

    def __init__(
        self,
        data_or_path: Any,
        mode: str | None = None,
        caption: Any = None,
        grouping: Any = None,
        classes: Any = None,
        boxes: Mapping[str, Any] | None = None,
        masks: Mapping[str, Any] | None = None,
        file_type: str | None = None,
        normalize: bool = True,
    ) -> None:
        if isinstance(data_or_path, Image):
            content, suffix = data_or_path.content, data_or_path.suffix
        else:
            content, suffix = _provided(data_or_path, ".png") or _picture(
                data_or_path, mode, file_type, normalize
            )
        super().__init__(content, suffix, caption)
        self._more = {k: v for k, v in (("boxes", boxes), ("masks", masks), ("classes", classes)) if v}

    def blobs(self, name: str) -> Iterator[Blob]:
        """The picture, and its boxes and masks where it has any."""
        yield from super().blobs(name)
        if self._more:
            classes = getattr(self._more.get("classes"), "class_set", self._more.get("classes"))
            content = json.dumps(plain({**self._more, "classes": classes})).encode()
            yield Blob(f"{name}.boxes.json", content, "application/json", "image-annotations")


def _picture(data: Any, mode: str | None, file_type: str | None, normalize: bool) -> tuple[bytes, str]:
    out = io.BytesIO()
    figure = data.gcf() if hasattr(data, "gcf") else data
    if hasattr(figure, "savefig"):
        figure.savefig(out, format="png")
        return out.getvalue(), ".png"
    if not hasattr(data, "save"):
        array = _array(data)
        if array.ndim == 4:  # A batch: beside each other.
            array = _numpy().concatenate([_channels_last(one, data) for one in array], axis=1)
        else:
            array = _channels_last(array, data)
        pixels = _pixels(array, normalize)
        try:
            from PIL import Image as Pillow
        except ImportError:
            _numpy().save(out, pixels)
            return out.getvalue(), ".npy"
        data = Pillow.fromarray(pixels)
    if mode:
        data = data.convert(mode)
    kind = (file_type or "png").lower()
    if kind == "png" and data.mode not in {"1", "L", "LA", "P", "RGB", "RGBA", "I", "I;16"}:
        data = data.convert("RGB")
    data.save(out, format="jpeg" if kind == "jpg" else kind)
    return out.getvalue(), f".{kind}"


def _numpy() -> Any:
    import numpy

    return numpy


def _array(data: Any) -> Any:
    """A NumPy array of an array or a tensor, wherever it is."""
    for method in ("detach", "cpu"):
        data = getattr(data, method)() if hasattr(data, method) else data
    if "bfloat16" in str(getattr(data, "dtype", "")) and hasattr(data, "float"):
        data = data.float()
    return _numpy().asarray(data)


def _channels_last(array: Any, data: Any) -> Any:
    """Rows, columns, channels. Tensors of torch have their channels first; so has an array that cannot have
    them last."""
    if array.ndim != 3:
        return array
    first = hasattr(data, "detach") or (array.shape[2] not in {1, 3, 4} and array.shape[0] in {1, 3, 4})
    array = array.transpose(1, 2, 0) if first and array.shape[0] in {1, 2, 3, 4} else array
    return array[:, :, 0] if array.shape[2] == 1 else array


def _pixels(array: Any, normalize: bool) -> Any:
    """Bytes: 0 to 1 becomes 0 to 255, -1 to 1 too, all else is taken as it is and limited."""
    numpy = _numpy()
    if array.dtype == numpy.uint8:
        return array
    values = numpy.nan_to_num(array.astype("float64"))
    if normalize and values.size and values.max() <= 1.0:
        values = values * 255.0 if values.min() >= 0.0 else (values + 1.0) * 127.5
    return values.round().clip(0, 255).astype("uint8")


class Video(_File):
    """A film: a path, or an array of frames (time, channels, height, width), which is stored as a GIF."""

    role = "video"

    def __init__(
        self, data_or_path: Any, caption: Any = None, fps: int = 4, format: str = "gif", **_: Any
    ) -> None:
        content, suffix = _provided(data_or_path, f".{format}") or _film(data_or_path, fps)
        super().__init__(content, suffix, caption)


def _film(data: Any, fps: int) -> tuple[bytes, str]:
    out = io.BytesIO()
    array = _array(data)
    if array.ndim == 5:  # A batch: beside each other.
        array = _numpy().concatenate(list(array), axis=-1)
    frames = [
        _pixels(_channels_last(frame, None if frame.shape[-1] in {1, 3, 4} else data), True)
        for frame in array
    ]
    frames = [
        frame.transpose(1, 2, 0) if frame.ndim == 3 and frame.shape[0] == 3 else frame for frame in frames
    ]
    try:
        from PIL import Image as Pillow
    except ImportError:
        _numpy().save(out, array)
        return out.getvalue(), ".npy"
    first, *others = [Pillow.fromarray(frame) for frame in frames]
    first.save(out, "gif", save_all=True, append_images=others, duration=1000 / max(fps, 1), loop=0)
    return out.getvalue(), ".gif"


class Audio(_File):
    """A sound: a path, or samples between -1 and 1, which are stored as a WAV file of 16 bits."""

    role = "audio"

    def __init__(self, data_or_path: Any, sample_rate: int | None = None, caption: Any = None) -> None:
        content, suffix = _provided(data_or_path, ".wav") or (
            _sound(data_or_path, sample_rate or 44_100),
            ".wav",
        )
        super().__init__(content, suffix, caption)


def _sound(data: Any, rate: int) -> bytes:
    array = _array(data)
    if array.ndim == 2 and array.shape[0] < array.shape[1]:
        array = array.transpose()
    if array.dtype.kind == "f":
        array = (array.clip(-1.0, 1.0) * 32_767.0).round()
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(array.shape[1] if array.ndim == 2 else 1)
        file.setsampwidth(2)
        file.setframerate(int(rate))
        file.writeframes(array.astype("<i2").tobytes())
    return out.getvalue()


class Html(_File):
    """A page: its text, the path of a file that ends with ``.html``, or an open file."""

    role = "html"

    def __init__(self, data: Any, inject: bool = True, data_is_not_path: bool = False) -> None:
        if isinstance(data, str) and (data_is_not_path or not _is_page(data)):
            data = data.encode("utf-8", "replace")
        content, _ = _provided(data, ".html") or (str(data).encode("utf-8", "replace"), "")
        super().__init__(content, ".html")


def _is_page(text: str) -> bool:
    return text.endswith((".html", ".htm")) and len(text) < 4096 and Path(text).is_file()


class Object3D(_File):
    """A shape or a cloud of points: a path, an open file, an array, or a mapping."""

    role = "object3d"

    def __init__(self, data_or_path: Any, caption: Any = None, **_: Any) -> None:
        provided = _provided(data_or_path, ".obj")
        super().__init__(*(provided or (json.dumps(plain(data_or_path)).encode(), ".pts.json")), caption)


class Molecule(_File):
    """A molecule: a path or an open file."""

    role = "molecule"

    def __init__(self, data_or_path: Any, caption: Any = None, file_type: str = "pdb", **_: Any) -> None:
        provided = _provided(data_or_path, f".{file_type}")
        super().__init__(*(provided or (str(data_or_path).encode(), f".{file_type}")), caption)


class Plotly(_File):
    """A figure of plotly, or of matplotlib as a picture."""

    role = "plot"

    def __init__(self, figure: Any) -> None:
        if hasattr(figure, "to_json"):
            super().__init__(str(figure.to_json()).encode(), ".plotly.json")
        else:
            super().__init__(*_picture(figure, None, None, True))


class Chart(Logged):
    """A chart of ``wandb.plot``: what it is drawn from."""

    def __init__(self, kind: str, *args: Any, **kwargs: Any) -> None:
        self.kind = kind
        self._args = args
        self._kwargs = kwargs

    def blobs(self, name: str) -> Iterator[Blob]:
        """Its kind, its table, its settings."""
        body = {"chart": self.kind, "arguments": plain(self._args), **plain(self._kwargs)}
        yield Blob(f"{name}.chart.json", json.dumps(body).encode(), "application/json", "chart")


class Histogram(Logged):
    """A distribution: of a sequence of numbers, an array, a tensor, or ``np_histogram`` = (counts, edges)."""

    MAX_LENGTH = 512

    def __init__(self, sequence: Any = None, np_histogram: Any = None, num_bins: int = 64) -> None:
        if np_histogram is not None:
            counts, edges = np_histogram[0], np_histogram[1]
        else:
            counts, edges = _histogram(sequence, max(1, min(int(num_bins), self.MAX_LENGTH)))
        self.histogram: list[float] = [float(count) for count in counts]
        self.bins: list[float] = [float(edge) for edge in edges]

    def blobs(self, name: str) -> Iterator[Blob]:
        """The counts and the edges of the bins."""
        content = json.dumps({"bins": self.bins, "values": self.histogram}).encode()
        yield Blob(f"{name}.histogram.json", content, "application/json", "histogram")


def _histogram(sequence: Any, bins: int) -> tuple[Sequence[float], Sequence[float]]:
    if "numpy" in sys.modules:
        numpy = _numpy()
        flat = _array(sequence).astype("float64").ravel()
        counts, edges = numpy.histogram(flat[numpy.isfinite(flat)], bins=bins)
        return counts.tolist(), edges.tolist()
    values = [value for value in _flat(sequence) if math.isfinite(value)]
    low, high = min(values, default=0.0), max(values, default=1.0)
    low, high = (low - 0.5, high + 0.5) if low == high else (low, high)
    counts = [0.0] * bins
    for value in values:
        counts[min(int((value - low) / (high - low) * bins), bins - 1)] += 1
    return counts, [low + (high - low) * i / bins for i in range(bins + 1)]


def _flat(value: Any) -> Iterator[float]:
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, int | float):
        yield float(value)
    else:
        for item in value:
            yield from _flat(item)


def is_media(value: Any) -> bool:
    """Whether it is stored as a file: a value of this module, or one of the libraries that it is made
    from."""
    if isinstance(value, Logged):
        return True
    home = type(value).__module__.partition(".")[0]
    return (home == "PIL" and hasattr(value, "save")) or hasattr(value, "savefig") or home == "plotly"


def blobs_of(value: Any, name: str) -> Iterator[Blob]:
    """The files that ``value`` is stored as."""
    if isinstance(value, Logged):
        yield from value.blobs(name)
    elif type(value).__module__.partition(".")[0] == "plotly":
        yield from Plotly(value).blobs(name)
    else:
        yield from Image(value).blobs(name)


def is_array(value: Any) -> bool:
    """An array or a tensor of more than one number."""
    if not hasattr(value, "shape") or hasattr(value, "itertuples"):
        return False
    size = getattr(value, "size", 1)
    count = value.numel() if hasattr(value, "numel") else size() if callable(size) else size
    return isinstance(count, int) and count > 1


def is_figures(value: Any) -> bool:
    """A data frame, or pyplot itself."""
    return hasattr(value, "itertuples") or hasattr(value, "gcf")
