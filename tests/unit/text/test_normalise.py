from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ditar_studio.text import numbers
from ditar_studio.text.normalise import normalise

CASES = {
    # money
    "It cost $3.50.": "It cost three dollars and fifty cents.",
    "$1, $1.01 and $0.99": "one dollar, one dollar and one cent and ninety nine cents",
    "£1,200 and 20¢ and 5p": "one thousand two hundred pounds and twenty cents and five pence",
    "a $1.2 billion deal": "a one point two billion dollars deal",
    "$10K, £3.5bn, US$5": "ten thousand dollars, three point five billion pounds, five U S dollars",
    "$5-$10": "five to ten dollars",
    "-$20": "minus twenty dollars",
    "¥1, ₹2": "one yen, two rupees",
    # dates
    "On 5/14/2024.": "On May fourteenth, twenty twenty four.",
    "25/12/2023": "the twenty fifth of December twenty twenty three",
    "2024-03-05": "March fifth, twenty twenty four",
    "May 5, 1998, at noon": "May fifth, nineteen ninety eight, at noon",
    "the 3rd of June": "the third of June",
    "5 May 2001": "the fifth of May two thousand one",
    "Jan. 3rd and Sept 11": "January third and September eleventh",
    "the 1990s, the '80s, the 2010s": "the nineteen nineties, the eighties, the twenty tens",
    "In 1812, 1905, 1900, 2000 and 2024": (
        "In eighteen twelve, nineteen oh five, nineteen hundred, "
        "two thousand and twenty twenty four"
    ),
    "Mon., Feb. 1": "Monday, February first",
    # times
    "At 10:30, 10:05 am, 3pm, 12:00": "At ten thirty, ten oh five A M, three P M, twelve o'clock",
    "at 3 p.m. on 14:00": "at three P M on fourteen hundred",
    "We met at 5 p.m.": "We met at five P M.",
    "1:02:03": "one hour two minutes three seconds",
    "10am-5pm, 9-5pm": "ten A M to five P M, nine to five P M",
    "It was twelve:forty-five.": "It was twelve forty five.",
    # numbers
    "1,234,567 people": (
        "one million two hundred thirty four thousand five hundred sixty seven people"
    ),
    "3.14, .5, 007": "three point one four, point five, zero zero seven",
    "1st, 22nd, 1,000th, 12th": "first, twenty second, one thousandth, twelfth",
    "-5 and 5 - 3": "minus five and five minus three",
    "1/2 cup, 3/4, 5½ miles": "one half cup, three quarters, five and a half miles",
    "8/10, 24/7": "eight out of ten, twenty four seven",
    "pages 10–15, 1990-95": "pages ten to fifteen, nineteen ninety to ninety five",
    "a score of 3:1": "a score of three to one",
    "version 1.2.3, v2.0": "version one point two point three, v two point zero",
    "2 + 2 = 4, 5 × 3, x < 5, 2^8": (
        "two plus two equals four, five times three, x is less than five, two to the power of eight"
    ),
    "Call 555-1234.": "Call five five five, one two three four.",
    "1" * 16: " ".join(["one"] * 16),
    # measures
    "5 km, 1 km, 100 km/h": "five kilometers, one kilometer, one hundred kilometers per hour",
    "20°C, 98.6°F": "twenty degrees Celsius, ninety eight point six degrees Fahrenheit",
    "5.5% and 50 %": "five point five percent and fifty percent",
    "20 m², 5 μm": "twenty meters squared, five micrometers",
    "5'10\" tall": "five foot ten tall",
    "a 5-mile run, a 100-m race": "a five mile run, a one hundred meter race",
    "16 GB at 3.5 GHz": "sixteen gigabytes at three point five gigahertz",
    "10 in the box, 5 at a time": "ten in the box, five at a time",
    # abbreviations
    "Mr. Smith, Mrs. Jones & Dr. Who": "Mister Smith, Missus Jones and Doctor Who",
    "St. Paul lives on Main St. in town.": "Saint Paul lives on Main Street in town.",
    "fruit, e.g. apples, i.e. these, etc.": (
        "fruit, for example, apples, that is, these, et cetera."
    ),
    "No. 5, Fig. 3, p. 12": "number five, Figure three, page twelve",
    "Acme Inc. is big. So is Ltd.": "Acme Incorporated is big. So is Limited.",
    "Henry VIII, World War II, Chapter IV": "Henry the eighth, World War two, Chapter four",
    "Henry IIII, Louis X, Act XL": "Henry IIII, Louis the tenth, Act forty",
    "Charles I. I am.": "Charles the first. I am.",
    "the U.S. is, a Ph.D.": "the U S is, a P H D",
    "J. K. Rowling": "J K Rowling",
    "TVs, CDs, the US": "T V's, C D's, the U S",
    "MP3, H2O, COVID-19, F-16, 3D": "M P three, H two O, COVID nineteen, F sixteen, three D",
    "w/ milk, w/o sugar, b/c": "with milk, without sugar, because",
    # addresses and signs
    "See https://www.example.com/a-b.": "See w w w dot example dot com slash a dash b.",
    "Write to john.doe@example.com!": "Write to john dot doe at example dot com!",
    "Open report.pdf or example.org": "Open report dot pdf or example dot org",
    "@anna #music #5": "at anna hashtag music number five",
    "and/or 50% off C++": "and slash or fifty percent off C plus plus",
    "**bold** _italic_ `code`": "bold italic code",
    # layout and letters
    "“Hello,” she said (quietly) -- ‘go’...": "Hello, she said, quietly— 'go'…",
    "wait…what – no": "wait… what— no",
    "THIS IS A LOUD MESSAGE": "this is a loud message",
    "naïve café, Straße, ﬁne, ＨＥＬＬＯ, ①": "naive cafe, Strasse, fine, HELLO, one",
    "α and π": "alpha and pi",
    "你好 hello 😀 world": "hello world",
    "a\x00b\u200bc\u00add\ufeff": "a bcd",
    "twenty-one": "twenty one",
    "don’t": "don't",
    "... so, (yes)": "so, yes,",
}


@pytest.mark.parametrize("text", CASES)
def test_writing_becomes_what_a_reader_says(text: str) -> None:
    assert normalise(text) == CASES[text]


@pytest.mark.parametrize("text", ["", " ", "!?", "@#$%&*", "😀😀", "日本語", "\x00\x01", "— … —"])
def test_a_text_without_letters_and_digits_becomes_nothing(text: str) -> None:
    assert normalise(text) == ""


@given(st.text(max_size=120) | st.text(st.characters(max_codepoint=0x7F), max_size=120))
@settings(max_examples=200, deadline=None)
def test_only_words_and_marks_are_left(text: str) -> None:
    spoken = normalise(text)
    assert re.fullmatch(r"[A-Za-z' ,.?!;:—…]*", spoken)
    assert spoken == " ".join(spoken.split())


@given(st.text(alphabet="0123456789.,:/-$%€£'stndrhkm ", max_size=40))
@settings(max_examples=200, deadline=None)
def test_every_writing_of_digits_is_read(text: str) -> None:
    spoken = normalise(text)
    assert bool(spoken) == any(character.isalnum() for character in text)


@given(st.integers(-(10**15), 10**15))
@settings(max_examples=200)
def test_cardinals_can_be_counted_back(number: int) -> None:
    values = {numbers.cardinal(n): n for n in range(20)}
    values |= {numbers.cardinal(n): n for n in range(20, 100, 10)}
    scales = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
    scales["quadrillion"] = 10**15
    total = group = 0
    words = numbers.cardinal(number).split()
    sign = -1 if words[0] == "minus" else 1
    for word in words[sign < 0 :]:
        if word == "hundred":
            group *= 100
        elif word in scales:
            total, group = total + group * scales[word], 0
        else:
            group += values[word]
    assert sign * (total + group) == number


def test_ranks_and_numbers_beyond_all_names() -> None:
    ranks = [numbers.ordinal(n) for n in (1, 2, 3, 5, 9, 12, 20, 100, 103)]
    assert ranks == [
        *("first", "second", "third", "fifth", "ninth", "twelfth", "twentieth"),
        *("one hundredth", "one hundred third"),
    ]
    assert numbers.cardinal(10**27).startswith("one zero zero")
    assert normalise("9" * 20_000 + "th").startswith("nine nine nine")
