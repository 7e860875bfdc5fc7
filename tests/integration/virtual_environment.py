"""Virtual environments for tests whose tools come from PyPI. Each is made once and kept in the build
directory until its list of requirements changes."""

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

INSTALL_SECONDS_MAX = 300
NOTHING_TO_TEST_WITH = 77   # what ctest knows as skipped


def _folder(requirements):
    home = os.environ.get("TALLY_TEST_VENVS")
    home = pathlib.Path(home) if home else pathlib.Path(__file__).parents[2] / "build" / "venv"
    content = requirements.read_bytes() + sys.version.encode()
    return home / f"{requirements.parent.name}-{hashlib.sha256(content).hexdigest()[:12]}"


def _install(folder, requirements):
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    for command in ([sys.executable, "-m", "venv", folder],
                    [folder / "bin/pip", "install", "--quiet", "--disable-pip-version-check",
                     "--no-input", "--timeout", "15", "--retries", "2", "--no-deps",
                     "--requirement", requirements]):
        done = subprocess.run(command, capture_output=True, text=True, check=False,
                              timeout=INSTALL_SECONDS_MAX)
        if done.returncode != 0:
            return done.stderr.strip() or done.stdout.strip()
    return None


def make(requirements):
    """The folder of the programs that `requirements` installs. Where they cannot be installed, the
    tests of this process are skipped, loudly; in CI they fail."""
    folder = _folder(requirements)
    made = folder / "made"
    if made.exists():
        return folder / "bin"
    try:
        failure = _install(folder, requirements)
    except subprocess.TimeoutExpired:
        failure = f"not done after {INSTALL_SECONDS_MAX} s"
    if failure is None:
        made.touch()
        return folder / "bin"
    if os.environ.get("CI") == "true":
        pytest.exit(f"{requirements} cannot be installed from PyPI, and CI skips nothing:\n{failure}",
                    returncode=1)
    pytest.exit(f"SKIPPED: {requirements} cannot be installed from PyPI (python3-venv and a way to "
                f"PyPI are needed):\n{failure}", returncode=NOTHING_TO_TEST_WITH)
    return None
