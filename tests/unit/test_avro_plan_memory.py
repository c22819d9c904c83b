"""What a plan remembers by its bytes: where an application or position stands."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from consumer.adapters.avro.decoder import event_record, general_decoder
from consumer.adapters.avro.plan import primitives
from consumer.adapters.avro.writer import encode_event
from consumer.domain.events import ApplicationCompleted
from tests.avro_samples import position_event, schema_json, state, written
from tests.unit.plan_samples import plan, record


def with_current_state(order: list[str]) -> Any:  # noqa: ANN401 -- a schema as JSON has it
    """A publisher's schema of a position, whose current state has these fields in this order."""
    schema = schema_json("position_status_changed")
    state_ = next(it["type"] for it in schema["fields"] if it["name"] == "current")
    fields = {it["name"]: it for it in state_["fields"]}
    if "phase" in order and order.index("phase") < order.index("status"):
        step = fields["status"]["type"]
        fields["status"]["type"], fields["phase"]["type"] = "Step", ["null", step]
    state_["fields"] = [fields[name] for name in order]
    return schema


class TestWhatComesBack:
    """Where an application or position stands is remembered by its bytes."""

    @given(
        steps=st.lists(
            st.fixed_dictionaries(
                {
                    "label": st.sampled_from(["a", "b", "a" * 63, "a" * 64, "a" * 200]),
                    "index": st.sampled_from([0, -1, 63, 64, 8_191, 2**31 - 1]),
                    "total": st.sampled_from([0, 1, -64, -65]),
                }
            ),
            min_size=2,
            max_size=12,
        )
    )
    def test_is_read_as_if_for_the_first_time(self, steps: list[dict[str, object]]) -> None:
        decode = plan(schema_json("position_status_changed"), "position_status_changed")
        for step in steps * 2:
            event = position_event(current=state(status=step, phase=steps[0], timestamp=0))
            decoded = decode(encode_event("position_status_changed", event, 1))

            assert not isinstance(decoded, ApplicationCompleted)
            assert decoded.current[0].status == tuple(
                step[name] for name in ("label", "index", "total")
            )
            assert decoded.current[0].phase == tuple(
                steps[0][name] for name in ("label", "index", "total")
            )

    @given(order=st.permutations(["status", "phase", "success", "timestamp"]), data=st.data())
    def test_is_found_again_in_any_order_of_fields(
        self, order: list[str], data: st.DataObject
    ) -> None:
        """A field that only the reader has is not remembered with the others."""
        left_out = data.draw(st.sampled_from([None, "phase", "success"]))
        schema = with_current_state([name for name in order if name != left_out])
        decode = plan(schema, "position_status_changed")
        writer, reader = record(schema), event_record("position_status_changed")
        general = general_decoder(writer, reader, {})
        steps = [{"label": label, "index": 1, "total": 2} for label in ("a", "b", "é" * 40)]
        for _ in range(8):
            drawn = {
                "status": data.draw(st.sampled_from(steps)),
                "phase": data.draw(st.sampled_from([None, *steps])),
                "success": data.draw(st.sampled_from([None, True, False])),
                "timestamp": data.draw(st.sampled_from([0, 1_577_836_800_000])),
            }
            value = written(schema, position_event(current=drawn))

            assert decode.read(value) == general(value)

    def test_is_bounded(self) -> None:
        known: dict[bytes, object] = {}

        for number in range(10_000):
            primitives.keep(known, str(number).encode(), number)

        assert len(known) <= 4_096
        assert known[b"9999"] == 9_999
