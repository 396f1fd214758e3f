"""The fixtures of these tests."""

from tests.fixtures.buckets import *
from tests.fixtures.cluster import *
from tests.fixtures.packs import *
