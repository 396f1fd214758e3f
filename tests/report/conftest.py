"""The fixtures of these tests."""

from tests.fixtures.browser import *
