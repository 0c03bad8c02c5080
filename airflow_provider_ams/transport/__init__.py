"""What both client libraries stand on: HTTP, retries, calls in flight, files, notes, progress.

The public names stand in ``__init__.pyi``, once, and are imported when they are asked for: pure
rules stay cheap to import.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
