"""Fills a page's template.

Owns the placeholder rule: `{{name}}` is replaced by that value, escaped; a name that ends in
`_html` is markup already and goes in as it is. There are no loops and no conditions: whatever
needs them is made in Python beside the template.
"""

import re
from collections.abc import Mapping
from html import escape

_PLACEHOLDER = re.compile(r"\{\{([a-z_]+)\}\}")


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with every placeholder replaced. Raises KeyError for one that has no value."""

    def value_of(match: re.Match[str]) -> str:
        name = match[1]
        return values[name] if name.endswith("_html") else escape(values[name])

    return _PLACEHOLDER.sub(value_of, template)
