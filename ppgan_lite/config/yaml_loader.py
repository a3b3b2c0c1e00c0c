"""Load YAML as configs mean it, with bounds on what a small file may grow to."""

from __future__ import annotations

import re
from typing import Any

import yaml

_MERGE = "tag:yaml.org,2002:merge"
_MAX_DEPTH = 100
_MAX_REPEATED = 10_000  # values that aliases repeat
_MAX_NUMBER = 100  # characters; converting the digits of a huge number takes time that grows with their square
_SURROGATES = re.compile("[\udc80-\udcff]")
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")

# PyYAML (6.0) raises others than its own for values that are not what their tag says: `!!bool x`, `!!int ""`.
YAML_ERRORS = (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError, RecursionError)

Pairs = list[tuple[yaml.Node, yaml.Node]]


class YamlLoader(yaml.SafeLoader):
    """Safe loader of settings.

    - 1e-4 and -.1 are numbers; YAML 1.1 wants more dots, signs and digits, and reads them as text.
    - 2024-05-01 is text, such as the name of a folder; no setting is a date.
    - A name that is not UTF-8 stays as Python holds it, with surrogates.
    - Nesting, aliases and lengths of numbers are bounded: a file of a kilobyte could stand for more values than fit
      into memory.
    """

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = self._values = self._repeated = 0
        self._sizes: dict[int, int] = {}  # id of each complete node -> the number of its values
        self._pairs: dict[int, Pairs] = {}  # id of each mapping -> its keys and values, as they stand

    def check_printable(self, data: str) -> None:
        """Refuse control characters; take the surrogates that stand for bytes that are not UTF-8."""
        super().check_printable(_SURROGATES.sub("?", data))

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Compose a node, counting its values and depth.

        Raises:
            ComposerError: It is nested too deeply, stands for itself, or for too many values.
        """
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent):
            node = super().compose_node(parent, index)
            if id(node) not in self._sizes:
                raise _refused(f"*{event.anchor} stands inside of what it stands for", event)
            self._repeated += self._sizes[id(node)]
            self._values += self._sizes[id(node)]
            if self._repeated > _MAX_REPEATED:
                raise _refused(f"its aliases stand for more than {_MAX_REPEATED:,} values", event)
            return node
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise _refused(f"more than {_MAX_DEPTH} levels", event)
        before = self._values
        self._values += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        self._sizes[id(node)] = self._values - before
        if isinstance(node, yaml.ScalarNode) and node.tag in _NUMBERS and len(node.value) > _MAX_NUMBER:
            raise _refused(f"a number of {len(node.value)} characters", event)
        if isinstance(node, yaml.MappingNode):
            self._pairs[id(node)] = list(node.value)
        return node

    def pairs(self, node: yaml.MappingNode) -> tuple[Pairs, Pairs]:
        """Return the keys and values that a mapping has itself, and those of its merge keys (`<<: *defaults`).

        Own ones are stronger; of the others, the later ones in the returned list. PyYAML (6.0.4) lets the last mapping
        of `<<: [*a, *b]` win, where YAML's merge key wants the first.

        Raises:
            ConstructorError: A merge key has a value that is no mapping.
        """
        own: Pairs = []
        merged: Pairs = []
        for key, value in self._pairs[id(node)]:
            if key.tag != _MERGE:
                own.append((key, value))
                continue
            for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                if not isinstance(source, yaml.MappingNode):
                    raise yaml.constructor.ConstructorError(None, None, "<< merges mappings only", source.start_mark)
                stronger, weaker = self.pairs(source)
                merged = [*weaker, *stronger, *merged]
        return own, merged

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Put the pairs of merge keys before a mapping's own ones."""
        own, merged = self.pairs(node)
        node.value = [*merged, *own]

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Construct a mapping inside of a list, or of an override; its keys are text, as those of a config are.

        Raises:
            ConstructorError: It has a key twice.
        """
        names = set()
        for key, _ in self.pairs(node)[0]:
            if isinstance(key, yaml.ScalarNode) and key.value in names:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value} is said twice", key.start_mark)
            names.add(key.value if isinstance(key, yaml.ScalarNode) else id(key))
        return {str(key): value for key, value in super().construct_mapping(node, deep=deep).items()}


def _refused(problem: str, event: yaml.Event) -> yaml.composer.ComposerError:
    return yaml.composer.ComposerError(None, None, problem, event.start_mark)  # type: ignore[arg-type]


YamlLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
YamlLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(\d[\d_]*[eE][-+]?\d+|\.\d+([eE][-+]?\d+)?)$"),
    list("-+.0123456789"),
)
