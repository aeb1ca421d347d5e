"""What a refusal says: the field, its value, and what is allowed."""

from enum import Enum
from typing import Annotated, Literal, Self

import pytest
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel

from xaynet_pet.sentences import Allowed, Refusal, allowed, dotted, refuse, sentences


class Colour(Enum):
    RED = 1
    BLUE = 2


def even(number: int) -> int:
    if number % 2:
        raise ValueError("odd")
    return number


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)

    low_count: int = Field(default=1, ge=1, le=9, examples=[3])
    high_count: int = Field(examples=[5])

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low_count > self.high_count:
            refuse([Refusal("{} is above {}", (("low_count",), ("high_count",)))])
        return self


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    inner: Inner | None = None
    share: float = Field(default=0.5, gt=0, lt=1)
    colour: Colour = Colour.RED
    mode: Literal["on", "off"] = "on"
    pairs: Annotated[int, AfterValidator(even), Allowed("an even number")] | None = None
    flag: bool = False
    password: SecretStr = SecretStr("")
    names: list[str] = []


def told(document: object) -> tuple[str, ...]:
    with pytest.raises(ValidationError) as refused:
        Outer.model_validate(document)
    return sentences(refused.value, Outer)


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({"share": 1}, "share is 1, but must be a number, more than 0 and less than 1"),
        ({"share": "much"}, 'share is "much", but must be a number, more than 0 and less than 1'),
        ({"inner": {"highCount": 10, "lowCount": 0}},
         "inner.lowCount is 0, but must be a whole number, at least 1 and at most 9"),
        ({"inner": {}}, "inner.highCount is missing; it must be given, for example 5"),
        ({"inner": {"highCount": 1, "low": 2}},
         "inner.low is not a known field; known here: lowCount, highCount"),
        ({"inner": {"highCount": 1, "lowCount": 2}}, "inner.lowCount is above inner.highCount"),
        ({"inner": 3}, "inner is 3, but must be a section with the fields lowCount, highCount"),
        ({"mode": "maybe"}, 'mode is "maybe", but must be one of on, off'),
        ({"colour": 3}, "colour is 3, but must be one of RED, BLUE"),
        ({"pairs": 3}, "pairs is 3, but must be an even number"),
        ({"flag": "perhaps"}, 'flag is "perhaps", but must be true or false'),
        ({"names": ["a", 1]}, "names[1] is 1: input should be a valid string"),
        ({"names": 1}, "names is 1, but must be a list"),
        (3, "the document is 3: input should be a valid dictionary or instance of outer"),
    ],
)  # fmt: skip
def test_a_problem_is_told_in_one_sentence(document: object, sentence: str) -> None:
    assert told(document) == (sentence,)


def test_every_problem_of_a_document_is_told() -> None:
    assert len(told({"share": 2, "mode": "x", "more": 1})) == 3


def test_the_value_of_a_secret_is_never_told() -> None:
    [sentence] = told({"password": ["hunter2"]})
    assert sentence == "password (its value is not shown here) must be a text"


def test_the_password_of_a_url_is_never_told() -> None:
    [sentence] = told({"mode": "http://me:hunter2@influxdb"})
    assert sentence == 'mode is "http://…@influxdb", but must be one of on, off'


def test_long_values_are_cut() -> None:
    [sentence] = told({"mode": "x" * 1000})
    assert len(sentence) < 120


def test_fields_can_be_named_as_the_author_knows_them() -> None:
    with pytest.raises(ValidationError) as refused:
        Outer.model_validate({"inner": {"highCount": 1, "lowCount": 2}})
    names = sentences(refused.value, Outer, lambda location: dotted(location).upper())
    assert names == ("INNER.LOW_COUNT is above INNER.HIGH_COUNT",)


def test_a_rule_within_pydantic_s_own_text_is_readable_too() -> None:
    with pytest.raises(ValidationError, match="low_count is above high_count"):
        Inner(low_count=2, high_count=1)


def test_what_is_allowed_is_read_from_the_field() -> None:
    fields = Outer.model_fields
    assert allowed(fields["pairs"]) == "an even number"
    assert allowed(fields["share"]) == "a number, more than 0 and less than 1"
