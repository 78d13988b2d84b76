"""The resolved spec: the same document with every default filled in, in the words of the language.

It is what the evidence keeps beside the bytes that were read. Read again, it gives an equal spec.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import BaseModel

from slacheck.language import Requirement
from slacheck.spec.model import SignalModel, SpecDocument, TestModel
from slacheck.spec.remedies import RemediesModel

if TYPE_CHECKING:
    from slacheck.spec.model import Spec

_PARTS = {"signals", "tests", "requirements", "remedies"}


def plain(model: BaseModel, exclude: set[str] | None = None) -> dict[str, Any]:
    """The keys of a model as a document would write them, defaults included, without what is not set."""
    dumped: dict[str, Any] = model.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=exclude)
    return dumped


def resolved(
    head: SpecDocument,
    signals: Mapping[str, SignalModel],
    tests: Mapping[str, TestModel],
    requirements: Iterable[Requirement],
    remedies: RemediesModel | None,
) -> dict[str, Any]:
    """The whole document as plain data."""
    block = {} if remedies is None else {"remedies": plain(remedies)}
    whole = plain(head, _PARTS) | {
        "signals": {name: plain(model) for name, model in signals.items()},
        "tests": {name: plain(model) for name, model in tests.items()},
        "requirements": [plain(requirement) for requirement in requirements],
    }
    return whole | block


def resolved_yaml(spec: Spec) -> str:
    """The resolved spec as a YAML document."""
    return yaml.dump(
        spec.resolved, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=None, width=100
    )


class _Dumper(yaml.SafeDumper):
    """Without anchors, which the language does not have; text that YAML could read otherwise stays quoted."""

    def ignore_aliases(self, data: Any) -> bool:
        """Never write an anchor."""
        return True
