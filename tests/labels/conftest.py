"""The fixtures of these tests."""

from tests.fixtures.packs import *
