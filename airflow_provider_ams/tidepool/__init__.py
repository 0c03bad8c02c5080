"""The Tidepool client library: historical events from any file, checked, tracked, resumable.

The public names stand in ``__init__.pyi``, once, and are imported when they are asked for: errors
and options stay cheap to import.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
