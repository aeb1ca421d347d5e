"""Texts and values in CEL, the language of rules in a CustomResourceDefinition.

The API server estimates what a rule may cost before it takes it. It knows no bound for the text of
a number, nor for what ``?.`` yields, so that adding texts to either is refused; ``format`` is not.
"""

import json

from xaynet_pet.sentences import LONGEST_VALUE

QUOTES = 2


def quoted(text: str) -> str:
    """A text as CEL writes it."""
    return json.dumps(text, ensure_ascii=False)


def filled(template: str, *values: str) -> str:
    """A text with the value of an expression, which is a text, in the place of each ``{}``."""
    text = template.replace("%", "%%").format(*["%s"] * len(values))
    return f"{quoted(text)}.format([{', '.join(values)}])"


def shown(text: str) -> str:
    """A text as refusals show it: never long, nor with a URL's password."""
    hidden = f"{text}.matches('://.*@') ? {text}.replace({text}.find('://.*@'), '://…@') : {text}"
    fits = f"t.size() <= {LONGEST_VALUE - QUOTES}"
    cut = f"'\"' + t.substring(0, {LONGEST_VALUE - 1}) + '…'"
    return f"[{hidden}].map(t, {fits} ? '\"' + t + '\"' : {cut})[0]"


def shown_word(word: str) -> str:
    """A text that can only be short."""
    return f"'\"' + {word} + '\"'"


def given(field: str, root: str = "self") -> str:
    """Whether ``a.b.c`` of ``root`` is given; the first of them always is."""
    parts = field.split(".")
    paths = (".".join(parts[:end]) for end in range(2, len(parts) + 1))
    return " && ".join(f"has({root}.{path})" for path in paths) or "true"
