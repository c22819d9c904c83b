"""Any environment and any file: settings, or all their faults; no secret is ever quoted."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from consumer.errors import BadConfigurationError
from consumer.settings.build import build_section
from consumer.settings.gather import gather
from consumer.settings.load import SECTIONS, load_file, load_settings
from tests.fuzz.cost import cheaply
from tests.unit.settings_samples import COMPLETE

SECRET = "tr0ub4dor-and-3"  # noqa: S105 -- made up, to be looked for
FIELDS = sorted(name for section in SECTIONS for name in section.names())
NAMES = (
    st.sampled_from(FIELDS)
    | st.sampled_from(FIELDS).map(lambda name: name + "_FILE")
    | st.sampled_from(
        ["KAFKA_SASL_USERNAME", "KAFKA_X", "SEEK_SIGNALS_", "SEEK_", "KAFKA_GROUP_ID"]
    )
)
TEXTS = (
    st.text(max_size=20).map(lambda text: text.replace("\x00", ""))
    | st.sampled_from(["0", "-1", "1e400", "nan", "inf", "9" * 5_000, "true", ",,,", "\ud800"])
    | st.sampled_from(["https://[", "http://a:b@c", "2026-01-01T00:00:00Z", "/dev/null", "/"])
)
VALUES = st.recursive(
    TEXTS | st.integers() | st.floats() | st.booleans() | st.dates() | st.times(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


@given(environ=st.dictionaries(NAMES, TEXTS, max_size=6), toml=st.dictionaries(NAMES, VALUES))
def test_any_values_are_settings_or_faults(
    environ: dict[str, str], toml: dict[str, object]
) -> None:
    gathered = gather({**COMPLETE, **environ}, toml, SECTIONS)
    for section in SECTIONS:
        build_section(section, gathered)

    assert all(isinstance(line, str) and line for line in gathered.faults.lines)


@settings(max_examples=15)  # Each asks librdkafka, which makes some clients.
@given(environ=st.dictionaries(NAMES, TEXTS, max_size=4))
@example(environ={"SEEK_SIGNALS_GROUP": "\ud800"})
@example(environ={"KAFKA_SASL_USERNAME": "\ud800"})
@example(environ={"SCHEMA_REGISTRY_SSL_CA_LOCATION": "9" * 300})
def test_loading_ends_in_settings_or_in_all_faults_at_once(environ: dict[str, str]) -> None:
    given_all = {**COMPLETE, **environ, "KAFKA_SASL_PASSWORD": SECRET, "SEEK_CLIENT_SECRET": SECRET}

    def load() -> str:
        try:
            return repr(load_settings(given_all, None))
        except BadConfigurationError as error:
            return str(error)

    told = load()

    assert told
    assert SECRET not in told


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(max_size=200)
    | st.text(max_size=200).map(lambda t: t.encode("utf-8", "replace"))
)
@example(content=b"a = " + b"[" * 100_000)
@example(content=b"a = " + b"{a=" * 50_000)
@example(content=b"a = " + b"9" * 10_000)
@example(content=b"\xff\xfe")
def test_any_file_is_a_mapping_or_a_fault(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(content)

    def load() -> object:
        try:
            return load_file(path)
        except BadConfigurationError as error:
            return error

    assert isinstance(cheaply(load), dict | BadConfigurationError)


@pytest.mark.parametrize("path", ["/", "/dev/null/x", "no/such/file", "x" * 5_000, "\x00"])
def test_a_file_that_cannot_be_read_is_a_fault(path: str) -> None:
    with pytest.raises(BadConfigurationError):
        load_file(Path(path))
