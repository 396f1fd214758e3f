"""A page, taken apart for tests."""

import re
from html.parser import HTMLParser


class Page(HTMLParser):
    """Tags with their attributes, the text by the innermost tag that says where it comes from, all `data`."""

    VOID = {"meta", "img", "br"}

    def __init__(self, text):
        super().__init__()
        self.tags, self.stack, self.numbers, self.free, self.quoted, self.headings = [], [], [], [], [], []
        self.feed(text)
        assert not self.stack

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.stack.append((tag, dict(attributes)))

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.stack.pop()[0] == tag

    def handle_data(self, data):
        around = [tag for tag, _ in self.stack]
        if around and re.fullmatch("h[1-6]", around[-1]):
            self.headings.append(around[-1])
        if "quoted" in {c for _, a in self.stack for c in a.get("class", "").split()}:
            self.quoted.append(data)
        elif around and around[-1] == "data":
            self.numbers.append((self.stack[-1][1]["value"], data))
        elif not {"svg", "style", "script", "bdi", "code", "title"} & set(around):
            self.free.append(data)
