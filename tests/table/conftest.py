"""The fixtures of these tests."""

from tests.fixtures.images import *
