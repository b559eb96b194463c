"""Text that the developer wrote, and nobody said."""

__all__ = ["Authored"]


class Authored(str):
    """A text in which nothing is anybody's secret, whatever it looks like: a prompt's hotline."""

    __slots__ = ()
