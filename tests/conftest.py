"""What several test files share: a Hub of their own on loopback, and no contact with the user's Hub account."""

import os
import sys
import tempfile
from collections.abc import Iterator

import hypothesis
import pytest
from helpers.local_hub import LocalHub, running_local_hub

# The client reads these once, when it is imported, so they are set before any test file imports it.
HOME = tempfile.TemporaryDirectory(prefix="polyid-tests-")
os.environ["HF_HOME"] = HOME.name
os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
for name in ("HF_TOKEN", "HF_ENDPOINT", "HF_HUB_OFFLINE", "HF_HUB_CACHE", "HF_HUB_DISABLE_XET"):
    os.environ.pop(name, None)
# The same examples in every run: a change is judged by what it changed. New ones are looked for with --hypothesis-profile=random.
hypothesis.settings.register_profile("same", derandomize=True, database=None)
hypothesis.settings.register_profile("random", derandomize=False)
hypothesis.settings.load_profile("same")
for name in ("NO_PROXY", "no_proxy"):
    os.environ[name] = "127.0.0.1,localhost"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "local_hub" in getattr(item, "fixturenames", ()):
            item.add_marker("hub")
    # Long files come first, so that no process waits at the end for the other's last.
    long = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in long)


@pytest.fixture(scope="module", autouse=True)
def step_by_step(request: pytest.FixtureRequest) -> Iterator[None]:
    """Networks run operation by operation, but in files that say ``COMPILED = True``.

    To trace and optimise a network takes TensorFlow longer than to train it on the few polymers of a test.
    """
    if "tensorflow" not in sys.modules or getattr(request.module, "COMPILED", False):
        yield
        return
    import tensorflow

    tensorflow.config.run_functions_eagerly(True)
    yield
    tensorflow.config.run_functions_eagerly(False)


@pytest.fixture(autouse=True)
def as_users_run_it(request: pytest.FixtureRequest) -> Iterator[None]:
    """Single tests that are about what compiled networks answer have the mark ``compiled``."""
    if "tensorflow" not in sys.modules or request.node.get_closest_marker("compiled") is None:
        yield
        return
    import tensorflow

    before = tensorflow.config.functions_run_eagerly()
    tensorflow.config.run_functions_eagerly(False)
    yield
    tensorflow.config.run_functions_eagerly(before)


@pytest.fixture(scope="module")
def local_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    """An empty Hub for one test file; use another repository name in each test."""
    with running_local_hub(tmp_path_factory.mktemp("hub") / "root") as hub:
        yield hub
