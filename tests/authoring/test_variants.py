"""Right and wrong ways: an edit that no longer applies breaks loudly, a replacement takes the place of the reference."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solutions.variants import Variants, edit

REFERENCE = "def scale(x, factor):\n    return factor * x"


def scale_by_adding(x, factor):
    """scale_by_adding, in words."""
    return sum(x for _ in range(factor)) if factor else scale_by_adding(x, 1) - x


@given(st.text(alphabet="abc", max_size=8), st.text(alphabet="abc", min_size=1, max_size=3), st.text(alphabet="xyz", max_size=3))
def test_an_edit_applies_once_or_says_how_often_the_text_stands_there(source, old, new):
    count = source.count(old)
    if count == 1:
        before, after = source.split(old)
        assert edit(old, new).apply(source) == before + new + after
    else:
        with pytest.raises(
            ValueError, match=f"^a variant replaces {old!r}, which stands in its reference {count} times instead of once$"
        ):
            edit(old, new).apply(source)


def test_several_edits_apply_one_after_the_other():
    assert edit("factor *", "3 *", "3 * x", "4 * x").apply(REFERENCE).endswith("return 4 * x")


@pytest.mark.parametrize("texts", [(), ("one",), ("one", "two", "three")])
def test_an_edit_without_its_new_text_is_refused(texts):
    with pytest.raises(ValueError, match="edit takes pairs of an old and a new text"):
        edit(*texts)


def made(**replaces):
    variants = Variants()
    variants.wrong("v", says="words", hint="more", **replaces)
    return variants.all[0]


def test_a_function_takes_the_name_of_the_reference_everywhere():
    source = made(scale=scale_by_adding).source_of("scale", REFERENCE)
    assert source.startswith('def scale(x, factor):\n    """scale, in words."""')
    names = {}
    exec(source, names)
    assert (names["scale"](2, 3), names["scale"](2, 0)) == (6, 0)


def test_a_value_is_the_text_of_an_assignment():
    assert made(answer="(1, 2)").source_of("answer", "answer = 3") == "answer = (1, 2)"


def test_what_a_variant_does_not_replace_stays_the_reference():
    variant = made(other="1")
    assert variant.source_of("scale", REFERENCE) == REFERENCE
    assert (variant.right, variant.says, variant.hint) == (False, "words", "more")


def test_a_variant_that_replaces_nothing_is_refused():
    with pytest.raises(ValueError, match="the variant v replaces nothing"):
        Variants().right("v")


def test_two_variants_of_one_function_need_two_ids():
    variants = Variants()
    variants.right("v", f="1")
    variants.right("v", g="1")
    with pytest.raises(ValueError, match="there are two variants v of the same function"):
        variants.wrong("v", says="words", f="2", g="3")
    assert [list(variant.replaces) for variant in variants.all] == [["f"], ["g"]]
