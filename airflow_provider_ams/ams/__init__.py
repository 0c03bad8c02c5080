"""Teamworks AMS (formerly Smartabase) over pandas; needs no Airflow.

>>> from airflow_provider_ams.ams import get_event_data
>>> get_event_data("Training Log", "01/01/2025", "31/01/2025")  # doctest: +SKIP

The public names stand in ``__init__.pyi``, once, and are imported when they are asked for: errors
and options come without pandas.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
