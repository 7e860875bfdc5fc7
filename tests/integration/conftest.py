"""Fixtures of the black-box tests."""

import contextlib
import os

import harness
import pytest

NOTHING_TO_TEST_AGAINST = 77   # what ctest knows as skipped


def pytest_collection_modifyitems(items):
    """Without a real Kafka what needs one is skipped, loudly; CI never gets here without one."""
    if os.environ.get("TALLY_TEST_BROKERS"):
        return
    if any("brokers" in item.fixturenames for item in items):
        if os.environ.get("CI") == "true":
            pytest.exit("TALLY_TEST_BROKERS is not set, and CI skips nothing", returncode=1)
        pytest.exit("SKIPPED: TALLY_TEST_BROKERS is not set; tools/test starts a Kafka and sets it",
                    returncode=NOTHING_TO_TEST_AGAINST)


@pytest.fixture
def brokers():
    return os.environ["TALLY_TEST_BROKERS"]


@pytest.fixture
def kafka(request, brokers):
    """Topics of this test's own; not made yet."""
    topics = harness.Kafka(brokers, harness.unique_prefix(request.node.name))
    yield topics


@pytest.fixture
def start(kafka, tmp_path):
    """start(*flags, …) runs a tallyd on this test's topics; all end with the test."""
    with contextlib.ExitStack() as stack:
        count = 0

        def run(*flags, name="data", prefix=None, brokers=None, **more):
            nonlocal count
            count += 1
            return stack.enter_context(harness.Tallyd(
                "--brokers", brokers or kafka.brokers, "--topic-prefix", prefix or kafka.prefix,
                *flags, data_dir=tmp_path / name, ready_file=tmp_path / f"ready-{count}.json",
                **more))

        yield run


@pytest.fixture
def own_kafka(tmp_path):
    """own_kafka(port=0, settings=()) starts a broker of the test's own, which it may stop, kill or
    pause; settings are "name=value" for it. Its address and folder."""
    with contextlib.ExitStack() as stack:
        count = 0

        def run(port=0, settings=()):
            nonlocal count
            count += 1
            folder = str(tmp_path / f"kafka-{count}")
            return stack.enter_context(harness.broker(folder, port, settings)), folder

        yield run
