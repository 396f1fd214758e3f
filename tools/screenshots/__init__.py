"""The pictures in docs/images/, from a finished run: `python -m tools.screenshots RUN` makes them anew."""
