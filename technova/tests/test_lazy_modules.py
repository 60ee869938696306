import os
import subprocess
import sys
from threading import Barrier, Thread

import pytest

from technova.server.lazy_modules import import_on_use

NAME = "made_for_this_test"


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module that takes a while to import and says so in a file; its name is not imported yet."""
    (tmp_path / f"{NAME}.py").write_text(
        "import time\nfrom pathlib import Path\ntime.sleep(0.1)\n"
        f"with Path({str(tmp_path / 'imported')!r}).open('a') as file: file.write('once ')\nvalue = 7\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, NAME, raising=False)
    yield tmp_path / "imported"
    sys.modules.pop(NAME, None)


def test_module_is_imported_when_it_is_first_used(module):
    import_on_use(NAME)
    import made_for_this_test as lazy

    assert not module.exists()
    assert lazy.value == 7
    assert module.read_text() == "once "


def test_module_is_imported_once_for_threads_that_use_it_at_the_same_time(module):
    import_on_use(NAME)
    lazy, together, found = sys.modules[NAME], Barrier(4), []

    def use():
        together.wait()
        found.append(lazy.value)

    threads = [Thread(target=use) for _place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (found, module.read_text()) == ([7] * 4, "once ")


def test_module_that_is_there_already_stays(module):
    import made_for_this_test as eager

    import_on_use(NAME)
    assert sys.modules[NAME] is eager


def test_attribute_that_a_module_lacks_is_an_error(module):
    import_on_use(NAME)
    with pytest.raises(AttributeError, match=NAME):
        _ = sys.modules[NAME].other


def test_module_that_cannot_be_imported_fails_where_it_is_used():
    import_on_use("nowhere_at_all")
    with pytest.raises(ModuleNotFoundError, match="nowhere_at_all"):
        _ = sys.modules["nowhere_at_all"].value


def test_server_imports_nothing_that_trains_or_sets_type():
    """Each of these costs a worker some ten MiB, or seventy."""
    code = "import sys, technova.wsgi; print(*({'sklearn', 'scipy', 'joblib', 'typst'} & sys.modules.keys()))"
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "technova.settings"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split() == []
