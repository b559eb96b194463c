"""Files that hold a call: what was said may be personal, so only their owner may read them.

They are private from the moment they exist, whatever the umask and whatever was there before.
"""

import os
import stat
from pathlib import Path
from typing import BinaryIO

__all__ = ["FILE_MODE", "make_folder", "open_file", "write_file"]

FILE_MODE, FOLDER_MODE = 0o600, 0o700


def make_folder(path: Path) -> None:
    """Make a folder and those above it that are missing, for their owner only.

    Args:
        path: The folder; one that exists is left as it is.

    Raises:
        OSError: If it cannot be made, or is a file.
    """
    for folder in (*reversed(path.parents), path):
        if not folder.is_dir():
            folder.mkdir(FOLDER_MODE, exist_ok=True)


def open_file(path: Path) -> BinaryIO:
    """Open a new file for its owner only, in place of one that is there.

    Whoever has the old file open reads nothing of the new one. Where the path is a link, the file
    behind it is kept, and made private before it is written; so is what is no file (/dev/stdout).

    Args:
        path: The file.

    Returns:
        The file, empty, to be written.

    Raises:
        OSError: If it cannot be written.
    """
    if path.is_file() and not path.is_symlink():
        path.unlink()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, FILE_MODE)
    try:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.fchmod(descriptor, FILE_MODE)
            os.ftruncate(descriptor, 0)
        return os.fdopen(descriptor, "wb")
    except BaseException:
        os.close(descriptor)
        raise


def write_file(path: Path, text: str) -> None:
    """Write a text in UTF-8, for its owner only.

    Args:
        path: The file; one that exists is replaced.
        text: What to write.

    Raises:
        OSError: If it cannot be written.
    """
    with open_file(path) as file:
        file.write(text.encode())
