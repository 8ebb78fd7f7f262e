"""The document against the interface: generated calls, good and bad, must be answered as it promises."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from maru.api.keys import create_key
from maru.api.v1 import api
from maru.config.wsgi import application
from maru.core.actors import system_actor

load_all_checks()
# A title of invisible characters fits the schema and is refused all the same; keys are made once for all calls.
LEFT_OUT = {"positive_data_acceptance", "ignored_auth", "use_after_free", "ensure_resource_availability"}
CHOSEN = [CHECKS.get_one(name) for name in CHECKS.get_all_names() if name not in LEFT_OUT]
OPERATIONS = [
    (method.upper(), path)
    for path, item in api.get_openapi_schema(path_prefix="/api/v1/")["paths"].items()
    for method in item
]


@pytest.fixture
def one_connection() -> Iterator[None]:
    """The test's transaction must outlive each call, as Django's own test client sees to."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def fuzzed(organization: Any, service: Any, one_connection: None) -> tuple[Any, dict[str, str]]:
    secret = create_key(system_actor(organization.id), service_id=service.id, name="fuzz")[1]
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application), {"Authorization": f"Bearer {secret}"}


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_generated_calls(fuzzed: tuple[Any, dict[str, str]], method: str, path: str, mode: GenerationMode) -> None:
    schema, headers = fuzzed
    operation = schema[path][method]

    @settings(
        max_examples=30,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def run(case: Any) -> None:
        response = case.call(headers=headers)
        case.validate_response(response, checks=CHOSEN)
        assert response.status_code < 500

    given(case=operation.as_strategy(generation_mode=mode))(run)()
