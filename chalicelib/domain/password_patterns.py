"""What is left of a password once repetition, padding and look-alike signs are taken off."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# Digits, punctuation, separators and joiners pad a word out; pictures don't, they are chosen.
PADDING_MAJOR = frozenset("NPZ")
PADDING_MINOR = frozenset({"Sm", "Sc", "Sk", "Cc", "Cf"})

LOOK_ALIKES = {
    "0": "o",
    "1": "il",
    "2": "z",
    "3": "e",
    "4": "a",
    "5": "s",
    "6": "g",
    "7": "tl",
    "8": "b",
    "9": "g",
    "@": "a",
    "$": "s",
    "!": "il",
    "|": "il",
    "+": "t",
}
READINGS = tuple(
    str.maketrans({sign: letters[reading] for sign, letters in LOOK_ALIKES.items()})
    for reading in (0, -1)
)

# Rows of keys, columns of keys and alphabets that fingers and memory run along, both ways.
ROWS = (
    "01234567890",
    "!@#$%^&*()_+",
    "qwertyuiop[]",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "qwertzuiopü",
    "yxcvbnm,.-",
    "azertyuiop",
    "qsdfghjklm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
    "q1w2e3r4t5y6u7i8o9p0",
    "qazwsxedcrfvtgbyhnujmikolp",
    "abcdefghijklmnopqrstuvwxyz",
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
    "йцукенгшщзхъ",
    "фывапролджэ",
    "ячсмитьбю",
    "αβγδεζηθικλμνξοπρστυφχψω",
)
WALKS = ROWS + tuple(row[::-1] for row in ROWS)
SHORTEST_WALK = 3
STEPS_ASIDE = 2

SHORTEST_WORD = 2
SHORTEST_NUMBER = 6


def cores(text: str) -> list[str]:
    """List every simpler text that this one is a repetition, padding or respelling of."""
    found = [text]
    for form in found:
        for simpler in (_stripped(form), unit(form), *(form.translate(r) for r in READINGS)):
            if simpler and simpler not in found:
                found.append(simpler)
    return found[1:]


def is_repetition(text: str, *, shorter_than: int) -> bool:
    """Tell whether a short piece, repeated at least twice, makes the whole text."""
    return len(unit(text)) < min(shorter_than, len(text))


def unit(text: str) -> str:
    """Find the piece that makes the text by repetition, the last one perhaps cut short."""
    # borders[i]: the longest proper start of text[: i + 1] that is also its end.
    borders = [0] * len(text)
    for i in range(1, len(text)):
        border = borders[i - 1]
        while border and text[i] != text[border]:
            border = borders[border - 1]
        borders[i] = border + (text[i] == text[border])
    period = len(text) - borders[-1] if text else 0
    return text[:period] if 2 * period <= len(text) else text


def is_run(text: str) -> bool:
    """Tell whether the text, but for a character or two, runs along keys, digits or an alphabet."""
    at = aside = 0
    while at < len(text) and aside <= STEPS_ASIDE:
        walked = _walked(text, at)
        aside += walked < SHORTEST_WALK
        at += walked if walked >= SHORTEST_WALK else 1
    return aside <= STEPS_ASIDE


def is_made_of(text: str, words: Iterable[str]) -> bool:
    """Tell whether the text is these words, one or more in any order, and digits and signs."""
    names = {name for word in words if (name := _bare(word)) and _tells(name)}
    names |= {letters for name in names if _tells(letters := "".join(filter(str.isalpha, name)))}
    between, inside, any_word = True, set[tuple[str, int]](), False
    for character in _unaccented(text):
        # Every reading at once: in a word at a letter, or between two words.
        starts = {(name, 0) for name in names} if between else set()
        steps = {(n, i + 1) for n, i in inside | starts if _reads_as(character, n[i])}
        ended = any(i == len(n) for n, i in steps)
        padding = _is_padding(character)
        inside = {(n, i) for n, i in steps if i < len(n)} | (inside if padding else set())
        between = ended or (between and padding)
        any_word = any_word or ended
        if not between and not inside:
            return False
    return between and any_word


def _stripped(text: str) -> str:
    start, end = 0, len(text)
    while start < end and _is_padding(text[start]):
        start += 1
    while end > start and _is_padding(text[end - 1]):
        end -= 1
    return text[start:end]


def _walked(text: str, at: int) -> int:
    """Count the characters from here that follow one row, or are the same."""
    same = 1
    while at + same < len(text) and text[at + same] == text[at]:
        same += 1
    length = 1
    while at + length < len(text) and any(text[at : at + length + 1] in row for row in WALKS):
        length += 1
    return max(same, length)


def _is_padding(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] in PADDING_MAJOR or category in PADDING_MINOR


def _reads_as(character: str, letter: str) -> bool:
    return character == letter or letter in LOOK_ALIKES.get(character, "")


def _bare(word: str) -> str:
    return "".join(filter(str.isalnum, _unaccented(word)))


def _tells(name: str) -> bool:
    """Tell whether a name is long enough to be somebody's; short numbers are in every password."""
    return len(name) >= (SHORTEST_NUMBER if name.isdecimal() else SHORTEST_WORD)


def _unaccented(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if unicodedata.category(c) != "Mn")
