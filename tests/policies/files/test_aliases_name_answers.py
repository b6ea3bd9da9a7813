"""An alias with the values of a request in its places."""

from __future__ import annotations

import pytest

from gateway.policies.aliases import MOST, NotAnAlias, read_alias

VALUES = {"id": "4f", "type": "tag", "limit": "20", "odd": "{id}", "empty": ""}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("categories", "categories"),
        ("profile:{id}", "profile:4f"),
        ("{id}", "4f"),
        ("{type}/{id}?{limit}", "tag/4f?20"),
        ("tags{type=tag}", "tags"),
        ("tags{type=category}", None),
        ("tags{type=tag}{status=approved}", None),
        ("profile:{username}", None),
        ("{odd}", "{id}"),
        ("none{empty=}", "none"),
        ("all{type=}", None),
        ("a{type=tag=}", None),
    ],
)
def test_filled(text: str, filled: str | None) -> None:
    assert read_alias(text).fill(VALUES) == filled


@pytest.mark.parametrize(
    "text", ["", "{", "}", "a{", "a}b", "{}", "{=a}", "{{id}}", "{id", "a\nb", "\x1b[31m", "a" * (MOST + 1)]
)
def test_refused(text: str) -> None:
    with pytest.raises(NotAnAlias):
        read_alias(text)
