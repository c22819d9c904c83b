"""GraphQL documents, parsed and validated once for each text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    Undefined,
    ValueNode,
    VariableNode,
    get_operation_ast,
    parse,
    validate,
    value_from_ast_untyped,
)

from consumer.sandbox.json_values import JsonObject, as_list, as_object, listed

DOCUMENTS_KEPT: Final = 64
"""A sender needs one or two; arguments inlined into the text make a new one each time."""
BATCH_FIELD: Final = "sendSignals"


class Sending(NamedTuple):
    """One mutation field of an operation."""

    node: FieldNode
    name: str
    key: str
    """Its name in the answer: the alias, if there is one."""
    argument: ValueNode | None
    variable: str | None
    """Set when the document is a lone mutation whose `input` is one required variable."""


class Document(NamedTuple):
    """A text that fits the schema, or why it does not."""

    ast: DocumentNode
    """Empty when the text is no GraphQL."""
    code: str = ""
    errors: tuple[GraphQLError, ...] = ()


@dataclass(slots=True)
class Documents:
    """Remembers the documents seen last."""

    schema: GraphQLSchema
    _known: dict[str, Document] = field(default_factory=dict[str, Document])

    def read(self, text: str) -> Document:
        known = self._known.get(text)
        if known is None:
            known = self._known[text] = self._judge(text)
            if len(self._known) > DOCUMENTS_KEPT:
                del self._known[next(iter(self._known))]
        return known

    def _judge(self, text: str) -> Document:
        try:
            ast = parse(text)
        except GraphQLError as error:
            return Document(DocumentNode(definitions=()), "GRAPHQL_PARSE_FAILED", (error,))
        errors = validate(self.schema, ast)
        return Document(ast, "GRAPHQL_VALIDATION_FAILED" if errors else "", tuple(errors))


def operation_of(document: Document, name: str | None) -> OperationDefinitionNode | None:
    """The operation to run; none when the name fits none, or is needed and missing."""
    return None if document.errors else get_operation_ast(document.ast, name)


def sendings(operation: OperationDefinitionNode | None) -> tuple[Sending, ...]:
    """The mutation fields that an operation names itself (those in fragments are left out)."""
    if operation is None or operation.operation is not OperationType.MUTATION:
        return ()
    nodes = operation.selection_set.selections
    fields = [node for node in nodes if isinstance(node, FieldNode) and node.arguments]
    lone = len(nodes) == 1 and len(operation.variable_definitions or ()) == 1
    return tuple(_sending(node, operation, lone=lone) for node in fields)


def _sending(node: FieldNode, operation: OperationDefinitionNode, *, lone: bool) -> Sending:
    argument = node.arguments[0].value
    plain = lone and not node.directives and isinstance(argument, VariableNode)
    defaults = [d for d in operation.variable_definitions or () if d.default_value is not None]
    return Sending(
        node,
        node.name.value,
        node.alias.value if node.alias else node.name.value,
        argument,
        argument.name.value
        if plain and not defaults and isinstance(argument, VariableNode)
        else None,
    )


def raw_input(argument: ValueNode | None, variables: JsonObject) -> JsonObject | None:
    """What was sent for `input`, exactly: from the variables, or written in the document."""
    if argument is None:
        return None
    if isinstance(argument, VariableNode):
        return as_object(variables.get(argument.name.value))
    value = value_from_ast_untyped(argument, dict(variables))
    return as_object(_without_undefined(value))


def signals_in(name: str, sent: JsonObject | None) -> list[JsonObject]:
    """The signals of one mutation, in order. A thing that is no object counts as an empty one."""
    if sent is None:
        return []
    if name != BATCH_FIELD:
        return [sent]
    return [as_object(item) or {} for item in listed(sent.get("signals"))]


def _without_undefined(value: object) -> object:
    """A variable that was not given leaves its field out."""
    fields, items = as_object(value), as_list(value)
    if fields is not None:
        return _fields_given(fields)
    if items is not None:
        return [_without_undefined(item) for item in items if item is not Undefined]
    return value


def _fields_given(fields: Mapping[str, object]) -> dict[str, object]:
    return {k: _without_undefined(v) for k, v in fields.items() if v is not Undefined}
