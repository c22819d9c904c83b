"""`seek-signals dlq …`: one module a verb."""
