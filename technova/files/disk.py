"""The server's disk, with temporary files and the outputs of detached processes."""

import errno

from django.utils.translation import gettext_noop

FULL_CODES = (errno.ENOSPC, errno.EDQUOT)

FULL = gettext_noop("The server has no room left on its disk: try again once the administrator has made room.")


def is_full(error: BaseException | None) -> bool:
    """Whether an error means a full disk or quota."""
    if not isinstance(error, OSError):
        return False
    return error.errno in FULL_CODES or "No usable temporary directory" in str(error)
