"""Texts and values in CEL, the language of rules in a CustomResourceDefinition."""

import json

from xaynet_pet.sentences import LONGEST_VALUE


def quoted(text: str) -> str:
    """A text as CEL writes it."""
    return json.dumps(text, ensure_ascii=False)


def joined(template: str, *values: str) -> str:
    """A text with a CEL expression in the place of each ``{}``."""
    first, *others = template.split("{}")
    parts = [quoted(first) if first else ""]
    for value, text in zip(values, others, strict=True):
        parts += [value, quoted(text) if text else ""]
    return " + ".join(part for part in parts if part)


def shown(text: str) -> str:
    """A text as refusals show it: never long, nor with a URL's password."""
    hidden = f"{text}.matches('://.*@') ? {text}.replace({text}.find('://.*@'), '://…@') : {text}"
    quotes = 2
    fits = f"t.size() <= {LONGEST_VALUE - quotes}"
    cut = f"'\"' + t.substring(0, {LONGEST_VALUE - 1}) + '…'"
    return f"[{hidden}].map(t, {fits} ? '\"' + t + '\"' : {cut})[0]"


def shown_word(word: str) -> str:
    """A text that can only be short."""
    return f"'\"' + {word} + '\"'"


def shown_optional(word: str) -> str:
    """A short text that may not be given."""
    return f"({word}.hasValue() ? '\"' + {word}.value() + '\"' : 'null')"
