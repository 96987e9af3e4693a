# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy==2.4.6", "scipy==1.17.1", "statsmodels==0.15.0"]
# ///
"""Makes the numbers that the crate is checked against, with SciPy and statsmodels.

    uv run crates/statistics/tests/reference.py

It writes reference.json beside itself. The same versions write the same file.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestIndPower, TTestPower

Row = dict[str, Any]

rng = np.random.default_rng(11)


def samples() -> Iterator[tuple[list[float], list[float]]]:
    """Pairs of samples of one size: without ties, with many, small, large, far from 0."""
    for size, shift, scale in [(5, 0.5, 1.0), (12, 0.0, 1.0), (40, 0.3, 2.0), (200, 0.1, 1.0)]:
        a = rng.normal(shift, scale, size)
        yield a.tolist(), rng.normal(0.0, 1.0, size).tolist()
    yield [float(x) for x in rng.integers(0, 4, 60)], [float(x) for x in rng.integers(0, 5, 60)]
    yield (1e9 + rng.normal(0.0, 1.0, 30)).tolist(), (1e9 + rng.normal(1.0, 1.0, 30)).tolist()


def interval(test: Any) -> list[float]:
    """The interval of the difference, at 95 %."""
    bounds = test.confidence_interval(0.95)
    return [float(bounds.low), float(bounds.high)]


def means(a: list[float], b: list[float], test: Any) -> Row:
    """What a test of means has to find."""
    return {
        "a": a, "b": b, "t": float(test.statistic), "degrees": float(test.df), "p": float(test.pvalue),
        "interval": interval(test),
    }  # fmt: skip


def summaries() -> Iterator[Row]:
    """Samples, and what they look like."""
    for a, _ in samples():
        bounds = stats.t.interval(0.95, len(a) - 1, np.mean(a), stats.sem(a))
        yield {
            "values": a, "mean": np.mean(a), "variance": np.var(a, ddof=1), "sd": np.std(a, ddof=1),
            "median": np.median(a), "interval": list(map(float, bounds)),
            "quantiles": [float(np.quantile(a, p)) for p in (0.0, 0.05, 0.5, 0.95, 0.99, 1.0)],
            "histogram": [int(n) for n in np.histogram(a, bins=7)[0]],
        }  # fmt: skip


def ranks() -> Iterator[Row]:
    """The tests of ranks, each by the way that the crate chooses."""
    for a, b in samples():
        differences = np.subtract(a, b)
        different = differences[differences != 0.0]
        has_ties = len(set(np.abs(different))) < len(different) or len(different) < len(differences)
        exact = len(a) <= 50 and not has_ties
        signed = stats.wilcoxon(a, b, method="exact" if exact else "asymptotic", zero_method="wilcox")
        ties = len(set(a) | set(b)) < len(a) + len(b)
        summed_exact = not ties and len(a) * len(b) <= 2500
        summed = stats.mannwhitneyu(a, b, method="exact" if summed_exact else "asymptotic")
        yield {
            "a": a, "b": b, "w": float(signed.statistic), "w_p": float(signed.pvalue), "w_exact": exact,
            "u": float(summed.statistic), "u_p": float(summed.pvalue), "u_exact": summed_exact,
        }  # fmt: skip


def unequal() -> Iterator[Row]:
    """Samples of different sizes: Welch's test, Mann and Whitney's, effect sizes."""
    for n, m in [(3, 9), (8, 300), (40, 70)]:
        a, b = rng.normal(0.4, 1.5, n).tolist(), rng.normal(0.0, 1.0, m).tolist()
        exact = n * m <= 2500
        summed = stats.mannwhitneyu(a, b, method="exact" if exact else "asymptotic")
        pooled = ((n - 1) * np.var(a, ddof=1) + (m - 1) * np.var(b, ddof=1)) / (n + m - 2)
        yield {
            **means(a, b, stats.ttest_ind(a, b, equal_var=False)), "u": float(summed.statistic),
            "u_p": float(summed.pvalue), "d": float((np.mean(a) - np.mean(b)) / np.sqrt(pooled)),
            "delta": float(np.sign(np.subtract.outer(a, b)).mean()),
        }  # fmt: skip


def powers() -> Iterator[Row]:
    """Power of t tests, and the number of trials that reaches 0.8. Near 1 SciPy may have no number."""
    for effect in (0.05, 0.2, 0.5, 0.8, 1.7):
        for alpha in (0.01, 0.05):
            for size in (3, 20, 150):
                paired, independent = TTestPower(), TTestIndPower()
                tests = {"paired": paired, "independent": independent}
                found = {name: test.power(effect, size, alpha) for name, test in tests.items()}
                yield {
                    "effect": effect, "alpha": alpha, "size": size,
                    **{name: float(value) for name, value in found.items() if np.isfinite(value)},
                    "paired_size": int(np.ceil(paired.solve_power(effect, None, alpha, 0.8))),
                    "independent_size": int(np.ceil(independent.solve_power(effect, None, alpha, 0.8))),
                }  # fmt: skip


def main() -> None:
    """Writes the file."""
    counts = [(3, 11), (0, 6), (20, 24), (400, 350)]
    p_values = [[0.01, 0.04, 0.03, 0.005], [0.5], [0.2, 0.2, 0.9, 0.001, 0.049], [0.0, 1.0]]
    parts = {
        "summary": list(summaries()),
        "student": [means(a, b, stats.ttest_ind(a, b)) for a, b in samples()],
        "welch": [means(a, b, stats.ttest_ind(a, b, equal_var=False)) for a, b in samples()],
        "paired": [means(a, b, stats.ttest_rel(a, b)) for a, b in samples()],
        "ranks": list(ranks()),
        "unequal": list(unequal()),
        "mcnemar": [
            {"gained": g, "lost": n, "p": float(mcnemar([[0, g], [n, 0]], exact=True).pvalue)}
            for g, n in counts
        ],
        "holm": [
            {"p": p, "adjusted": [float(x) for x in multipletests(p, method="holm")[1]]} for p in p_values
        ],
        "power": list(powers()),
    }
    text = "{\n" + ",\n".join(
        f"{json.dumps(name)}: [\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]"
        for name, rows in parts.items()
    ) + "\n}\n"  # fmt: skip
    (Path(__file__).parent / "reference.json").write_text(text)


main()
