import os
from importlib import import_module

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.core.wsgi import get_wsgi_application
from django.utils.http import parse_header_parameters

from technova.files.private import protect
from technova.server.lazy_modules import import_on_use

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "technova.settings")
# Set before NumPy is imported: OpenBLAS threads spin while idle, which took more processor time than a batch itself.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
import_on_use("pandas")
protect()


class UTF8Request(WSGIRequest):
    """A request read as UTF-8, whatever charset its ``Content-Type`` declares.

    Django reads the query string in that charset, and a codec that is none of text (``bz2``) ends the request before
    any handler of errors is there.
    """

    def _set_content_type_params(self, meta):
        self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))


application = get_wsgi_application()
application.request_class = UTF8Request
import_module(settings.ROOT_URLCONF)  # and with it the views, which Django leaves to the first request
