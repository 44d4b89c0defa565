"""A page as a browser would take it: its elements, and what in them could run."""

from html.parser import HTMLParser

_EMPTY = {"meta", "link", "input", "br", "img", "option"}


class Read(HTMLParser):
    """What is in a page."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.scripts: list[str] = []
        self.runs: list[str] = []  # what could run or be styled from within the page
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append((tag, given))
        if tag == "script":
            self.scripts.append(given.get("src", "inline"))
        if tag in {"style", "iframe", "object", "embed", "img", "base"}:
            self.runs.append(tag)
        self.runs += [f"{tag} {name}" for name in given if name.startswith("on") or name == "style"]
        self.runs += [f"{tag} {value}" for name, value in given.items() if value.lower().startswith("javascript:")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def having(self, attribute: str, value: str | None = None) -> list[dict[str, str]]:
        """The elements with an attribute, of a value."""
        return [given for _, given in self.tags if attribute in given and value in {None, given[attribute]}]
