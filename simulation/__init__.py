"""What stands in for the world: virtual time, frame streams, fakes and vendor servers.

Take each from its own module (`antiphon.simulation.frames`, `.fakes`, `.vendors`, …): none of
them is imported before it is asked for.
"""
