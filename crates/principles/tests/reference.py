# /// script
# requires-python = ">=3.11"
# dependencies = ["dtaidistance==2.5.1", "numpy==2.4.6", "scikit-learn==1.9.1", "scipy==1.17.1"]
# ///
"""Makes the numbers that the crate is checked against, with SciPy, scikit-learn and dtaidistance.

    uv run crates/principles/tests/reference.py

It writes reference.json beside itself. The same versions write the same file.
"""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from dtaidistance import dtw_ndim
from scipy import stats
from sklearn.cluster import DBSCAN
from sklearn.preprocessing import StandardScaler

Row = dict[str, Any]

rng = np.random.default_rng(7)


def entropies() -> Iterator[Row]:
    """Counts, the size of the alphabet, the entropy in bits, and the same normalised."""
    rows = [[3, 3, 3, 3, 2, 2, 2, 2], [20], [10, 5, 5], [19, 1], [1, 1], [1000, 1]]
    rows += [rng.integers(0, 50, size=rng.integers(2, 12)).tolist() for _ in range(20)]
    for counts in rows:
        alphabet = max(8, len(counts))
        bits = float(stats.entropy(counts, base=2))
        greatest = math.log2(min(sum(counts), alphabet))
        yield {"counts": counts, "alphabet": alphabet, "bits": bits, "normalized": bits / greatest}


def posteriors() -> Iterator[Row]:
    """Weights for and against, the mean of the Beta posterior, and its equal-tailed 95% interval."""
    rows = [(0, 0), (1, 0), (0, 1), (10, 0), (10, 2), (50, 5), (0, 200), (5000, 5000), (10000, 3)]
    rows += [tuple(np.round(rng.exponential(20, size=2), 3)) for _ in range(40)]
    for support, contradiction in rows:
        beta = stats.beta(1 + support, 1 + contradiction)
        low, high = beta.interval(0.95)
        yield {
            "support": float(support),
            "contradiction": float(contradiction),
            "strength": float(beta.mean()),
            "low": float(low),
            "high": float(high),
        }


def volatilities() -> Iterator[Row]:
    """Strengths, and twice the standard deviation of the last twenty, at most 1."""
    for length in (1, 2, 7, 20, 21, 60):
        strengths = rng.random(length).round(6)
        spread = min(1.0, 2 * float(np.std(strengths[-20:])))
        yield {"strengths": strengths.tolist(), "volatility": spread}


def warpings() -> Iterator[Row]:
    """Two series of vectors, and their distance within a Sakoe-Chiba band of a tenth of the longer one.

    dtaidistance counts the diagonal: its window is the width of the band and one.
    """
    series = [
        ([[0], [1], [2]], [[0], [2], [2]]),
        ([[v] for v in (0, 0, 1, 2, 1, 0, 1, 0, 0)], [[v] for v in (0, 1, 2, 0, 0, 0, 0, 0, 0)]),
    ]
    for _ in range(20):
        one, other = rng.integers(5, 40, size=2)
        dimensions = int(rng.integers(1, 7))
        other = one if rng.random() < 0.5 else other
        pair = rng.random((one, dimensions)).round(4), rng.random((other, dimensions)).round(4)
        series.append((pair[0].tolist(), pair[1].tolist()))
    for one, other in series:
        band = math.ceil(0.1 * max(len(one), len(other)))
        first, second = np.array(one, dtype=float), np.array(other, dtype=float)
        distance = dtw_ndim.distance(first, second, window=band + 1)
        yield {"one": one, "other": other, "distance": float(distance)}


def densities() -> Iterator[Row]:
    """Points, the parameters of DBSCAN, and the cluster of each point; -1 is noise."""
    settings = [("euclidean", 0.5, 5), ("euclidean", 0.5, 3), ("cosine", 0.3, 2), ("cosine", 0.05, 2)]
    for metric, eps, least in settings:
        for _ in range(4):
            dimensions = int(rng.integers(2, 6))
            centres = rng.normal(0, 2, size=(4, dimensions))
            points = np.concatenate(
                [centre + rng.normal(0, 0.35, size=(rng.integers(3, 20), dimensions)) for centre in centres]
            ).round(4)
            if metric == "euclidean":
                points = np.concatenate([points, points[:2]])
                scaled = StandardScaler().fit_transform(points)
            else:
                scaled = points
            labels = DBSCAN(eps=eps, min_samples=least, metric=metric).fit_predict(scaled)
            yield {
                "metric": metric,
                "eps": eps,
                "least": least,
                "points": points.tolist(),
                "labels": [int(label) for label in labels],
            }


def scalings() -> Iterator[Row]:
    """Rows, and the same with each column z-scored; a column without spread becomes 0."""
    points = rng.random((6, 3)).round(4)
    points[:, 1] = 0.25
    yield {"points": points.tolist(), "scaled": StandardScaler().fit_transform(points).tolist()}


vectors = {
    "entropy": list(entropies()),
    "posterior": list(posteriors()),
    "volatility": list(volatilities()),
    "warping": list(warpings()),
    "density": list(densities()),
    "scaling": list(scalings()),
}
lines = [
    json.dumps(name) + ": [\n" + ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows) + "\n]"
    for name, rows in vectors.items()
]
(Path(__file__).parent / "reference.json").write_text("{" + ",\n".join(lines) + "}\n")
