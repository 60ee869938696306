"""A limit on uploaded files, enforced while they arrive, before they fill the disk."""

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, SkipFile

from technova.web.requests import Request


class SizeLimit(FileUploadHandler):
    """Drops a file once it is larger than ``LARGEST_UPLOAD`` and notes its name in ``request.oversized``."""

    request: Request
    file_name: str

    def new_file(self, *args, **kwargs):
        super().new_file(*args, **kwargs)
        self.received = 0

    def receive_data_chunk(self, raw_data, start):
        self.received += len(raw_data)
        if self.received > settings.LARGEST_UPLOAD:
            self.request.oversized = {*oversized(self.request), self.file_name}
            raise SkipFile
        return raw_data

    def file_complete(self, file_size):
        return None  # the next handler keeps it


def oversized(request) -> set[str]:
    """The names of the files of a request that were dropped."""
    return getattr(request, "oversized", set())
