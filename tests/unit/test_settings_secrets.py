"""Secrets: from a file, read again, never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from consumer.settings.catalogue import MASK, rows
from consumer.settings.gather import Origin, gather
from consumer.settings.load import SECTIONS, settings_from
from tests.unit.settings_samples import COMPLETE, faults, only_fault, settings

HIDDEN = {
    "KAFKA_SASL_PASSWORD": "hush-1",
    "SCHEMA_REGISTRY_USERNAME": "us",
    "SCHEMA_REGISTRY_PASSWORD": "hush-2",
    "SEEK_CLIENT_SECRET": "hush-3",
}


def test_no_secret_is_in_the_representation() -> None:
    loaded = settings(**HIDDEN)

    assert "hush" not in repr(loaded)
    assert "hush" not in repr(gather({**COMPLETE, **HIDDEN}, None, SECTIONS))


def test_no_secret_is_in_a_fault() -> None:
    found = faults(
        {"SCHEMA_REGISTRY_SSL_KEY_PASSWORD": ["hush-4"]},
        **HIDDEN,
        KAFKA_SECURITY_PROTOCOL="SASL_SSL",
        KAFKA_SASL_MECHANISM="OAUTHBEARER",
        KAFKA_ENABLE_SASL_OAUTHBEARER_UNSECURE_JWT="true",
        KAFKA_SASL_OAUTHBEARER_CONFIG="hush-5 without any form",
        SCHEMA_REGISTRY_URL="nowhere",
    )

    assert "hush" not in "".join(found)


def test_a_secret_can_stand_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("from the file\n")
    changes = {name + "_FILE": str(path) for name in HIDDEN if "USERNAME" not in name}
    changes |= {"SCHEMA_REGISTRY_USERNAME": "us"}
    environ = {k: v for k, v in COMPLETE.items() if k != "SEEK_CLIENT_SECRET"}

    loaded = settings_from(gather({**environ, **changes}, None, SECTIONS))

    assert loaded.kafka.consumer_config()["sasl.password"] == "from the file"
    assert loaded.registry.client_config()["basic.auth.user.info"] == "us:from the file"
    assert loaded.seek.client_secret.get_secret_value() == "from the file"


def test_files_of_credentials_are_remembered_so_that_they_can_be_read_again(
    tmp_path: Path,
) -> None:
    client_id, secret = tmp_path / "id", tmp_path / "secret"
    client_id.write_text("the id\n")
    secret.write_text("the secret")
    environ = {k: v for k, v in COMPLETE.items() if not k.startswith("SEEK_")}
    environ |= {"SEEK_CLIENT_ID_FILE": str(client_id), "SEEK_CLIENT_SECRET_FILE": str(secret)}

    seek = settings_from(gather(environ, None, SECTIONS)).seek

    assert seek.client_id == "the id"
    assert (seek.client_id_file, seek.client_secret_file) == (client_id, secret)
    assert settings().seek.client_secret_file is None


def test_a_secret_is_given_once() -> None:
    fault = only_fault(SEEK_CLIENT_SECRET_FILE="/somewhere")  # noqa: S106 -- a path

    assert fault.startswith("SEEK_CLIENT_SECRET: is given directly and as SEEK_CLIENT_SECRET_FILE")


def test_a_secret_in_the_environment_goes_before_a_file_that_the_file_names() -> None:
    loaded = settings({"SEEK_CLIENT_SECRET_FILE": "/no/such"})

    assert loaded.seek.client_secret.get_secret_value() == "very-secret"


def test_a_file_that_the_environment_names_goes_before_a_secret_in_the_file(
    tmp_path: Path,
) -> None:
    path = tmp_path / "secret"
    path.write_text("new")
    environ = {k: v for k, v in COMPLETE.items() if k != "SEEK_CLIENT_SECRET"}
    environ |= {"SEEK_CLIENT_SECRET_FILE": str(path)}

    gathered = gather(environ, {"SEEK_CLIENT_SECRET": "old"}, SECTIONS)

    assert settings_from(gathered).seek.client_secret.get_secret_value() == "new"


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff\xfe"])
def test_a_secret_file_without_a_secret_is_the_only_fault(
    tmp_path: Path, content: bytes | None
) -> None:
    """Not a missing secret besides: one fault of the user's is one line."""
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)

    fault = only_fault(KAFKA_SASL_PASSWORD_FILE=str(path))

    assert fault.startswith(f"KAFKA_SASL_PASSWORD_FILE (environment): {path} ")


def test_only_secrets_are_read_from_files() -> None:
    assert "SEEK_SIGNALS_GROUP_FILE" in only_fault(SEEK_SIGNALS_GROUP_FILE="/etc/hostname")


def test_the_table_masks_secrets_and_names_their_files(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("hush-4")
    environ = {**COMPLETE, **HIDDEN, "KAFKA_SSL_KEY_PASSWORD_FILE": str(path)}
    table = {row.name: row for row in rows(gather(environ, None, SECTIONS))}

    assert table["SEEK_CLIENT_SECRET"].value == MASK
    assert table["KAFKA_SASL_PASSWORD"].value == MASK
    assert table["KAFKA_SSL_KEY_PASSWORD_FILE"].value == str(path)
    assert "hush" not in repr(table)


def test_the_table_says_where_a_value_came_from() -> None:
    environ = {**COMPLETE, "SEEK_SIGNALS_BATCH_SIZE": "50", "KAFKA_FETCH_MIN_BYTES": "1"}
    file = {"SEEK_SIGNALS_LINGER_S": 0.5}
    table = {row.name: row for row in rows(gather(environ, file, SECTIONS))}

    assert table["SEEK_SIGNALS_BATCH_SIZE"][1:4] == ("50", Origin.ENVIRONMENT, "100")
    assert table["SEEK_SIGNALS_LINGER_S"][1:4] == ("0.5", Origin.FILE, "0.0")
    assert table["SEEK_SIGNALS_HTTP_PORT"][1:4] == ("9308", Origin.DEFAULT, "9308")
    assert table["KAFKA_AUTO_OFFSET_RESET"][1:4] == ("error", Origin.FIXED, "error")
    assert table["KAFKA_FETCH_MIN_BYTES"].origin == Origin.ENVIRONMENT
    assert all(row.reason for row in table.values())


def test_the_table_is_there_before_anything_is_right() -> None:
    table = {row.name: row for row in rows(gather({}, None, SECTIONS))}

    assert table["SEEK_CLIENT_ID"].origin == Origin.MISSING
    assert table["KAFKA_BOOTSTRAP_SERVERS"].origin == Origin.MISSING


def test_an_address_with_a_password_is_masked_in_the_table() -> None:
    environ = {"SCHEMA_REGISTRY_URL": "https://us:hush@registry.example"}
    table = {row.name: row for row in rows(gather(environ, None, SECTIONS))}

    assert table["SCHEMA_REGISTRY_URL"].value == MASK
