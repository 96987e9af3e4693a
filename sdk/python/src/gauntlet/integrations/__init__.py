"""Two lines for the frameworks people train and run agents with: one module each, described in
INTEGRATIONS.md.

None is imported before it is asked for, as each imports its framework.
"""
