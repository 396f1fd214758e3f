"""The fixtures of these tests."""

from tests.fixtures.buckets import *
from tests.fixtures.images import *
