"""What is left of a password without repetition, padding and look-alike signs."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Digits, punctuation, separators and joiners only pad a word. Pictures are chosen, so they count.
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

# Rows of keys, columns of keys and alphabets, in both directions.
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

# 256 characters of any living script decompose to at most 768 letters; ligatures give more.
TEXT_LETTERS = 1_024
# In letters: enough for 170 accounts whose names have 80 letters in 10 words.
WORDS_COST = 32_768
# The cost of each word besides its letters, and how much of a word is read.
WORD_COST = 8
WORD_RAW = 400


def cores(text: str) -> list[str]:
    """List every simpler text that this one repeats, pads or respells."""
    found = [text]
    for form in found:
        for simpler in (_stripped(form), unit(form), *(form.translate(r) for r in READINGS)):
            if simpler and simpler not in found:
                found.append(simpler)
    return found[1:]


def is_repetition(text: str, *, shorter_than: int) -> bool:
    """Check whether a short piece, repeated at least twice, makes the whole text."""
    return len(unit(text)) < min(shorter_than, len(text))


def unit(text: str) -> str:
    """Return the piece whose repetition makes the text; its last copy may be cut short."""
    # borders[i]: the longest proper prefix of text[: i + 1] that is also its suffix.
    borders = [0] * len(text)
    for i in range(1, len(text)):
        border = borders[i - 1]
        while border and text[i] != text[border]:
            border = borders[border - 1]
        borders[i] = border + (text[i] == text[border])
    period = len(text) - borders[-1] if text else 0
    return text[:period] if 2 * period <= len(text) else text


def is_run(text: str) -> bool:
    """Check whether all but one or two characters follow keys, digits or an alphabet."""
    at = aside = 0
    while at < len(text) and aside <= STEPS_ASIDE:
        walked = _walked(text, at)
        aside += walked < SHORTEST_WALK
        at += walked if walked >= SHORTEST_WALK else 1
    return aside <= STEPS_ASIDE


def is_made_of(text: str, words: Iterable[str]) -> bool:
    """Check whether the text consists of these words, in any order, and digits and signs.

    One compatibility character can decompose to 18 letters, so text and words are cut after they
    are decomposed. A text that was cut is judged by its start: if the words can make it, the answer
    is yes. Words beyond `WORDS_COST` are ignored, the last ones first.
    """
    letters = _unaccented(text)
    start = letters[:TEXT_LETTERS]
    return _Words.of(words, start).make(start, cut=len(letters) > len(start))


@dataclass(frozen=True)
class _Words:
    """All words in a row; bit n of each number stands for letter n of the row.

    The Shift-And algorithm: a few operations on one number follow every reading of a character, so
    the work is linear in the text however the words overlap.
    """

    firsts: int
    lasts: int
    # The letters of the row that each character of the text can be read as.
    read_as: Mapping[str, int]

    @classmethod
    def of(cls, words: Iterable[str], text: str) -> _Words:
        """Put the words in a row, for this text."""
        firsts, lasts, places = list[int](), list[int](), dict[str, list[int]]()
        end = 0
        for name in _names(words, len(text)):
            firsts.append(end)
            for letter in name:
                places.setdefault(letter, []).append(end)
                end += 1
            lasts.append(end - 1)
        readings = {character: character + LOOK_ALIKES.get(character, "") for character in text}
        wanted = {letter for letters in readings.values() for letter in letters}
        at = {letter: _bits(places.get(letter, ()), end) for letter in wanted}
        read_as = {c: reduce(or_, (at[x] for x in letters)) for c, letters in readings.items()}
        return cls(_bits(firsts, end), _bits(lasts, end), read_as)

    def make(self, text: str, *, cut: bool) -> bool:
        """Check whether the words make the text; if it was cut, whether they make its start.

        A word that the cut goes through counts as well.
        """
        between, inside, any_word = True, 0, False
        for character in text:
            # Every reading at once: in a word at a letter, or between two words.
            read = (inside | (self.firsts if between else 0)) & self.read_as[character]
            padding = _is_padding(character)
            ended = bool(read & self.lasts)
            inside = ((read & ~self.lasts) << 1) | (inside if padding else 0)
            between = ended or (between and padding)
            any_word = any_word or ended
            if not between and not inside:
                return False
        return cut or (between and any_word)


def _bits(places: Iterable[int], size: int) -> int:
    marks = bytearray(size // 8 + 1)
    for place in places:
        marks[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(marks, "little")


def _names(words: Iterable[str], longest: int) -> list[str]:
    """Return each word's letters and digits, and its letters alone, up to `WORDS_COST`."""
    names: dict[str, None] = {}
    cost = 0
    for word in words:
        decomposed = _unaccented(word[:WORD_RAW])
        cost += len(decomposed) + WORD_COST
        if cost > WORDS_COST:
            break
        bare = "".join(filter(str.isalnum, decomposed))
        for name in (bare, "".join(filter(str.isalpha, bare))):
            if _tells(name):
                # A word longer than the text can begin in it, but never end.
                names[name[: longest + 1]] = None
    return list(names)


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


def _tells(name: str) -> bool:
    """Check whether a name is long enough to matter; short numbers are in every password."""
    return len(name) >= (SHORTEST_NUMBER if name.isdecimal() else SHORTEST_WORD)


def _unaccented(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if unicodedata.category(c) != "Mn")
