"""Searching an index on the server, for readers whose browser runs no script.

Promise: only the index is read, and nothing about the reader or the question is kept. A document that has all words
asked for counts each of them once, by its best match: how rare that word is, and how heavy the parts of the document
are in which it stands, of which more counts ever less. Both are taken from BM25 (Robertson and Zaragoza 2009,
doi:10.1561/1500000019); what that does with the lengths of documents is not, since titles are what people look for. A
word also finds what begins with it, and where too little is found, what has it inside (German writes compounds as one
word).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from math import log
from pathlib import Path
from typing import Any

from ctdc.hub.site.search.documents import SNIPPET_MOST
from ctdc.hub.site.search.words import words

TITLE, WHERE, TEXT, HEADINGS = 1, 3, 4, 5  # positions in a document's row
WEIGHTS = {TITLE: 6, WHERE: 4, HEADINGS: 2, TEXT: 1}
BEGINS, INSIDE = 0.6, 0.3  # what a part of a word is worth beside the whole word
SATURATION = 1.2  # what BM25 calls k1
FEW = 3  # with fewer results, words are also looked for inside others
OF_A_KIND = 10  # results of one kind that are shown
MOST_TERMS = 8  # of one question; each is looked for among all words
MOST_ASKED = 200  # characters of a question that are read


@dataclass(frozen=True)
class Result:
    """One thing found. address: from the site's root; snippet: pieces of text, and whether each is a word asked for."""

    title: tuple[tuple[str, bool], ...]
    address: str
    where: tuple[tuple[str, bool], ...]
    snippet: tuple[tuple[str, bool], ...]


@dataclass(frozen=True)
class Found:
    """The answer to a question. kinds: (kind, shown, how many there are); meant: words of the index that are close."""

    asked: str
    total: int
    kinds: tuple[tuple[str, tuple[Result, ...], int], ...]
    meant: tuple[str, ...] = ()


@dataclass(frozen=True)
class Searcher:
    """The index of a language, ready for questions. content: the parsed file."""

    content: Mapping[str, Any] = field(repr=False)

    @property
    def language(self) -> str:
        """The language of the index."""
        return str(self.content["language"])

    @cached_property
    def _weights(self) -> Sequence[Mapping[str, int]]:
        """For each document the weight of each of its words."""
        found = []
        for row in self.content["documents"]:
            weights: Counter[str] = Counter()
            for position, weight in WEIGHTS.items():
                for word in words(_part(row, position), self.language):
                    weights[word] += weight
            found.append(weights)
        return found

    @cached_property
    def _frequency(self) -> Mapping[str, int]:
        return Counter(word for weights in self._weights for word in weights)

    def find(self, asked: str) -> Found:
        """The best results of each kind."""
        asked = asked[:MOST_ASKED].strip()
        terms = list(dict.fromkeys(words(asked, self.language)))[:MOST_TERMS]
        scores = self._scores(terms)
        ranked = sorted(scores, key=lambda position: (-scores[position], position))
        kinds = []
        for number, kind in enumerate(self.content["kinds"]):
            of_kind = [self.content["documents"][at] for at in ranked if self.content["documents"][at][0] == number]
            if of_kind:
                shown = tuple(self._result(row, terms) for row in of_kind[:OF_A_KIND])
                kinds.append((kind, shown, len(of_kind)))
        return Found(asked, len(ranked), tuple(kinds), () if ranked else self._meant(terms))

    def _scores(self, terms: Sequence[str]) -> Mapping[int, float]:
        if not terms:
            return {}
        found = self._matching(terms, inside=False)
        return found if len(found) >= FEW else self._matching(terms, inside=True)

    def _matching(self, terms: Sequence[str], inside: bool) -> Mapping[int, float]:
        """Documents that have every term, with their scores."""
        scores: dict[int, float] | None = None
        for term in terms:
            hits = self._hits(term, inside)
            before = dict.fromkeys(hits, 0.0) if scores is None else scores
            scores = {at: before[at] + score for at, score in hits.items() if at in before}
        return scores or {}

    def _hits(self, term: str, inside: bool) -> Mapping[int, float]:
        worth = {word: _worth(term, word, inside) for word in self._frequency}
        worth = {word: value for word, value in worth.items() if value}
        count = len(self._weights)
        hits: dict[int, float] = {}
        for at, weights in enumerate(self._weights):
            for word in worth.keys() & weights.keys():
                rare = log(1 + (count - self._frequency[word] + 0.5) / (self._frequency[word] + 0.5))
                score = worth[word] * rare * weights[word] * (SATURATION + 1) / (weights[word] + SATURATION)
                hits[at] = max(hits.get(at, 0.0), score * weights[word] ** 0.5)
        return hits

    def _meant(self, terms: Sequence[str]) -> tuple[str, ...]:
        """Words as they are written in titles that look like the words asked for."""
        written: dict[str, str] = {}
        for row in self.content["documents"]:
            for word in row[TITLE].split():
                for folded in words(word, self.language):
                    written.setdefault(folded, word.strip("()«»\"',.:;!?"))
        close = [match for term in terms for match in get_close_matches(term, written, 3, 0.7)]
        return tuple(dict.fromkeys(written[match] for match in close))[:5]

    def _result(self, row: Sequence[Any], terms: Sequence[str]) -> Result:
        def marked(text: str) -> tuple[tuple[str, bool], ...]:
            return mark(text, terms, self.language)

        address = f"/{self.language}/{row[2]}"
        last = row[HEADINGS] if len(row) > HEADINGS else []
        headings = last if isinstance(last, list) else []
        for heading, anchor in zip(headings[::2], headings[1::2], strict=True):
            if not _has(row[TITLE], terms, self.language) and _has(heading, terms, self.language):
                return Result(marked(row[TITLE]), f"{address}#{anchor}", (), marked(heading))
        snippet = around(_part(row, TEXT), terms, self.language)
        where = marked(_part(row, WHERE))
        if isinstance(last, int):
            where += ((f" · {self.content['documents'][last][TITLE]}", False),)
        return Result(marked(row[TITLE]), address, where, marked(snippet))


def _part(row: Sequence[Any], position: int) -> str:
    part = row[position] if len(row) > position else ""
    if isinstance(part, list):
        return " ".join(part[::2])
    return part if isinstance(part, str) else ""


def _worth(term: str, word: str, inside: bool) -> float:
    if word == term:
        return 1.0
    if word.startswith(term) and len(term) > 1:
        return BEGINS
    return INSIDE if inside and len(term) > 3 and term in word else 0.0


def _has(text: str, terms: Sequence[str], language: str) -> bool:
    return any(_hit(word, terms, language) for word in text.split())


def _hit(word: str, terms: Sequence[str], language: str) -> bool:
    return any(term in folded for folded in words(word, language) for term in terms)


def around(text: str, terms: Sequence[str], language: str) -> str:
    """A piece of a text, from a little before the first word that was asked for."""
    pieces = text.split(" ")
    first = next((at for at, word in enumerate(pieces) if _hit(word, terms, language)), 0)
    start = max(0, first - 8)
    piece = " ".join(pieces[start:])
    cut = piece if len(piece) <= SNIPPET_MOST else piece[:SNIPPET_MOST].rsplit(" ", 1)[0] + " …"
    return f"… {cut}" if start else cut


def mark(text: str, terms: Sequence[str], language: str) -> tuple[tuple[str, bool], ...]:
    """The text in pieces, each with whether it is a word that was asked for."""
    pieces: list[tuple[str, bool]] = []
    for position, word in enumerate(text.split(" ") if text else ()):
        hit = _hit(word, terms, language)
        word = word if position == 0 else f" {word}"
        if pieces and pieces[-1][1] == hit:
            pieces[-1] = (pieces[-1][0] + word, hit)
        else:
            pieces.append((word, hit))
    return tuple(pieces)


def read_index(path: Path) -> Searcher:
    """The index in a file that `build.write_search` made."""
    return Searcher(json.loads(path.read_text(encoding="utf-8")))
