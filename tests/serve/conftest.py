from tests.fixtures.browser import *
from tests.fixtures.images import *
from tests.fixtures.serving import *
