"""Citations in an answer: only those that hold go through, whatever the model wrote.

`[[img:ID|filename]]`, `[[doc:ID|filename|p:N]]` (or without a page), `[[link:ID|title]]` and `[[ref:KEY]]` have to name
something that was in the turn's context or came back from its tools. Names are put right. Words in quotation marks
beside a document's citation have to stand on the cited page.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping

from services.agent.evidence import Evidence, ResultSet

LONGEST = 600
"""Characters of markup; what is longer is none."""
LONGEST_QUOTE = 600
KINDS = ("img:", "doc:", "link:", "ref:")
MARKUP = re.compile(
    r"\[\[(?:ref:(?P<key>[^\[\]|\n]{0,100})|(?P<kind>img|doc|link):(?P<id>[^\[\]|\n]{0,100})"
    r"(?:\|(?P<name>[^\n]{0,400}?))??(?:\|p:(?P<page>\d{1,6}))?)\]\]"
)
QUOTED = re.compile(r'"([^"\n]{3,600})"|“([^”\n]{3,600})”|«([^»\n]{3,600})»')
_UNFINISHED = re.compile(r"\[\[(?:img|doc|link|ref):[^\n]{0,600}$")
_FOLLOWING = re.compile(r'[ \t:,(–—-]{0,4}(?P<open>["“«])')
_MAY_FOLLOW = re.compile(r"[ \t:,(–—-]{0,4}$")
_CLOSING = {'"': '"', "“": "”", "«": "»"}


class CitationFilter:
    """Stands between a model's text and its reader. Text without `[[` passes at once, as it is.

    Args:
        evidence: what may be cited; it may grow meanwhile.
    """

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._held = ""
        self._line = ""
        self._gap = False

    def feed(self, text: str) -> str:
        """The part of the text so far that can be said now; what may be the beginning of a citation is held back."""
        if not self._held and "[" not in text and not self._gap:
            self._remember(text)
            return text
        self._held += text
        return self._say(last=False)

    def flush(self) -> str:
        """The rest, at the end of what the model said."""
        return self._say(last=True)

    def _say(self, *, last: bool) -> str:
        out: list[str] = []
        while self._held:
            begin = self._held.find("[[")
            if begin < 0:
                keep = 1 if self._held.endswith("[") and not last else 0
                self._put(out, self._held[: len(self._held) - keep])
                self._held = self._held[len(self._held) - keep :]
                break
            self._put(out, self._held[:begin])
            self._held = self._held[begin:]
            found = MARKUP.match(self._held)
            if found is not None:
                if not last and self._quote_may_follow(found):
                    break
                self._held = self._held[found.end() :]
                self._cite(out, found)
            elif not last and _may_become(self._held):
                break
            elif last and _UNFINISHED.match(self._held):
                self._held = ""
            else:
                self._put(out, "[")
                self._held = self._held[1:]
        return "".join(out)

    def _put(self, out: list[str], text: str) -> None:
        if not text:
            return
        if self._gap:
            self._gap = False
            # A citation was taken away between two spaces.
            if text[0] == " " and (not self._line or self._line[-1].isspace()):
                text = text[1:]
        out.append(text)
        self._remember(text)

    def _cite(self, out: list[str], found: re.Match[str]) -> None:
        cited = self._resolve(found)
        if cited:
            self._put(out, cited)
        else:
            self._gap = True

    def _remember(self, text: str) -> None:
        """The line so far, in which words quoted before a citation stand."""
        self._line = (self._line + text).rsplit("\n", 1)[-1][-2 * LONGEST_QUOTE :]

    def _resolve(self, found: re.Match[str]) -> str | None:
        evidence = self._evidence
        item = (found["id"] or "").strip().lower()
        match found["kind"]:
            case "img":
                picture = evidence.pictures.get(item)
                return f"[[img:{picture.image_id}|{_plain(picture.filename)}]]" if picture else None
            case "link":
                bond = evidence.bonds.get(item)
                return f"[[link:{bond.link_id}|{_plain(bond.title)}]]" if bond else None
            case "doc":
                return self._document(item, found)
            case _:
                key = (found["key"] or "").strip()
                return f"[[ref:{key}]]" if evidence.ref(key) else None

    def _document(self, item: str, found: re.Match[str]) -> str | None:
        paper = self._evidence.papers.get(item)
        if paper is None:
            return None
        there = {page: text for (document, page), text in self._evidence.pages.items() if document == item}
        page = int(found["page"]) if found["page"] else None
        quotes = self._quotes()
        if quotes:
            page = _page_of(quotes, there, page)
            if page is None:
                return None
        elif page is not None and page not in there:
            if len(there) != 1:
                return None
            page = next(iter(there))
        marked = f"|p:{page}" if page is not None else ""
        return f"[[doc:{paper.document_id}|{_plain(paper.filename)}{marked}]]"

    def _quotes(self) -> list[str]:
        """Words quoted beside a citation: those since the citation before it, else those that follow at once."""
        since = self._line[max(0, self._line.rfind("]]")) :]
        before = [next(filter(None, quoted.groups())) for quoted in QUOTED.finditer(since)]
        if before:
            return [quote for quote in before[-1:] if _is_quotation(quote)]
        opened = _FOLLOWING.match(self._held)
        after = QUOTED.match(self._held, opened.start("open")) if opened else None
        quotes = [next(filter(None, after.groups()))] if after else []
        return [quote for quote in quotes if _is_quotation(quote)]

    def _quote_may_follow(self, found: re.Match[str]) -> bool:
        """Whether words quoted right after a document's citation may still be on their way."""
        if found["kind"] != "doc":
            return False
        rest = self._held[found.end() :]
        since = self._line[max(0, self._line.rfind("]]")) :]
        if QUOTED.search(since):
            return False
        if _MAY_FOLLOW.match(rest):
            return True
        opened = _FOLLOWING.match(rest)
        if opened is None or len(rest) > LONGEST_QUOTE:
            return False
        quoted = rest[opened.end() :]
        return _CLOSING[opened["open"]] not in quoted and "\n" not in quoted


def _may_become(held: str) -> bool:
    """Whether what begins with `[[` can still turn out to be markup."""
    if len(held) > LONGEST or "\n" in held:
        return False
    inside = held[2:]
    return any(kind.startswith(inside) or inside.startswith(kind) for kind in KINDS) and "]]" not in inside


def _is_quotation(words: str) -> bool:
    """One word in quotation marks is more often a term than something quoted."""
    return len(words.split()) > 1


def _page_of(quotes: list[str], pages: Mapping[int, str], cited: int | None) -> int | None:
    """The page all the quoted words stand on: the cited one if it can be, else another; None when there is none."""
    wanted = [_folded(quote) for quote in quotes]
    ordered = sorted(pages, key=lambda page: (page != cited, page))
    return next((page for page in ordered if _holds(pages[page], wanted)), None)


def _holds(text: str, wanted: list[str]) -> bool:
    folded = _folded(text)
    return all(words in folded for words in wanted)


def _folded(text: str) -> str:
    """Text as it is compared: whatever its line breaks, hyphens at their ends, kinds of quotation marks, case."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    plain = re.sub(r"[\u00ad]|-\s*\n\s*", "", plain)
    plain = plain.translate({0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"', 0x2013: "-", 0x2014: "-"})
    return " ".join(plain.split()).strip(" .,;:…")


def _plain(name: str) -> str:
    """A name that cannot be taken for markup."""
    return " ".join(name.translate({0x5B: "(", 0x5D: ")", 0x7C: "/"}).split()) or "-"


def cite_picture(image_id: str, filename: str) -> str:
    return f"[[img:{image_id}|{_plain(filename)}]]"


def cite_document(document_id: str, filename: str, page: int | None = None) -> str:
    return f"[[doc:{document_id}|{_plain(filename)}{'' if page is None else f'|p:{page}'}]]"


def cite_link(link_id: str, title: str) -> str:
    return f"[[link:{link_id}|{_plain(title)}]]"


def resolved(content: str, refs: Mapping[str, ResultSet], spell: Callable[[str], str] = str) -> str:
    """The content as plain prose, each citation in words, for places that show no markup.

    Args:
        spell: writes a name as the place needs it.
    """
    if "[[" not in content:
        return content

    def words(found: re.Match[str]) -> str:
        key = found["key"]
        if key is not None:
            return refs[key].label if key in refs else ""
        name = spell(found["name"] or "")
        return f"{name} (page {found['page']})" if found["page"] else name

    text, taken = MARKUP.subn(words, content)
    return re.sub(r"[ \t]+([.,;:!?])", r"\1", text) if taken else content
