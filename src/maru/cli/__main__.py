"""``python -m maru.cli``: how the supervisor starts its children, whatever the search path holds."""

import sys

from maru.cli import main

sys.exit(main())
