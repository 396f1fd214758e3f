"""Write the pages in docs/reference/ anew."""

from pathlib import Path

from tools.reference import pages

FOLDER = Path("docs/reference")

if __name__ == "__main__":
    for name, text in pages.all_pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
