"""Ordinary calls at random, from a seed each, and the judge of what holds in every one of them.

`plan` draws a call, `play` has it, `judge` tells what was broken; `command` does so for many seeds.
"""
