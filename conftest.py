"""What all tests share: settings that are slow or need a build step are replaced by plain ones."""

import pytest


@pytest.fixture(autouse=True)
def plain_settings(settings):
    """Passwords hash quickly, and pages name static files without `collectstatic` having run."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
