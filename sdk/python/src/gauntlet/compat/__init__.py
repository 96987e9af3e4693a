"""``import gauntlet as wandb``: the names, arguments and data types of Weights & Biases, recorded by
Gauntlet.

What has a meaning here keeps it; what has none is accepted, warned of once and does nothing. ``module`` is
what the package offers, ``run`` what a run can do beside, ``media``, ``table`` and ``artifact`` are what a
script logs.
"""
