#!/usr/bin/env python
"""Django's command line for TechNova: `python manage.py help` lists the commands."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "technova.settings")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in technova/wsgi.py
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    from technova import __version__
    from technova.commands import database_in_one_line
    from technova.files.private import protect

    if sys.argv[1:] in (["--version"], ["version"]):
        sys.stdout.write(f"TechNova {__version__}\n")
        return
    try:
        protect(*sys.argv[1:2])
        with database_in_one_line():
            execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"Settings: {error}")
    except KeyboardInterrupt:
        sys.exit("Interrupted: what was not finished is not kept.")


if __name__ == "__main__":
    main()
