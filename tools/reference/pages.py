"""All generated pages, by file name."""

from tools.reference import commands, exit_codes, param_tables


def all_pages() -> dict[str, str]:
    return {"commands.md": commands.page(), "params.md": param_tables.page(), "exit_codes.md": exit_codes.page()}
