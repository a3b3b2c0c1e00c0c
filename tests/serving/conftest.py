"""The service's tests ask a real server over a real socket."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

for package in ("fastapi", "fastapi_offline", "httpx", "prometheus_client", "python_multipart", "uvicorn"):
    pytest.importorskip(package)

from service_bench import Service, running  # noqa: E402 - imports them


@pytest.fixture
def service() -> Iterator[Service]:
    """Return a server whose styles are fakes."""
    with running() as service:
        yield service
