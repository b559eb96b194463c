"""Turns, stages, budgets, watchdogs and percentiles, from moments and times: pure."""
