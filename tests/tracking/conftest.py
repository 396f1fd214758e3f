"""The fixtures of these tests."""

from tests.fixtures.postgres import *
from tests.fixtures.stores import *
