"""Whether a path lies on a file system that other machines share."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["network_file_system"]

_SHARED = frozenset(
    (
        *("9p", "acfs", "afs", "beegfs", "ceph", "cephfs", "cifs", "coda", "davfs", "gfs", "gfs2", "glusterfs", "gpfs"),
        *(
            "lustre",
            "mmfs",
            "ncpfs",
            "nfs",
            "nfs4",
            "ocfs2",
            "osxfs",
            "panfs",
            "prl_fs",
            "pvfs2",
            "smb",
            "smb2",
            "smb3",
        ),
        *("smbfs", "vboxsf", "virtiofs", "vmhgfs", "wekafs"),
    )
)
_SHARED_FUSE = frozenset(
    (
        *("beegfs", "blobfuse", "blobfuse2", "ceph", "cifs", "davfs", "davfs2", "gcsfuse", "glusterfs", "goofys"),
        *("grpcfuse", "juicefs", "lustre", "moosefs", "mfs", "mount-s3", "nfs", "osxfs", "rclone", "s3fs", "s3ql"),
        *("seaweedfs", "smb", "smbnetfs", "sshfs", "vmhgfs-fuse"),
    )
)


def _unescape(field: str) -> str:
    r"""A field of ``/proc/mounts``, where blanks and backslashes are written in octal."""
    for code in (" ", "\t", "\n", "#", "\\"):
        field = field.replace(f"\\{ord(code):03o}", code)
    return field


def network_file_system(path: str | os.PathLike[str], mounts: str | None = None) -> str | None:
    r"""The type of the network file system that holds ``path``; ``None`` if it is local or nobody knows.

    Parameters
    ----------
    path : path
        A file that need not exist yet.
    mounts : str, optional
        The text of ``/proc/mounts``; read from there if left out.

    Examples
    --------
    >>> network_file_system("/home/ada/nblabel.db", "/dev/sda / ext4 rw 0 0\nhub:/home /home nfs4 rw 0 0")
    'nfs4'
    """
    if mounts is None:
        try:
            mounts = Path("/proc/mounts").read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return None
    real = os.path.realpath(path)
    found, best = "", -1
    for line in mounts.split("\n"):
        parts = line.split(" ")
        if len(parts) < 3:
            continue
        point = _unescape(parts[1]).rstrip("/")
        # a later mount on the same point hides the earlier one
        if (real == point or real.startswith(point + "/")) and len(point) >= best:
            found, best = parts[2], len(point)
    kind = found.lower()
    if kind in _SHARED or (kind.startswith("fuse.") and kind.removeprefix("fuse.") in _SHARED_FUSE):
        return found
    return None
