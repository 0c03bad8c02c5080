"""Airflow provider and client libraries for Teamworks AMS and Tidepool."""

__version__ = "0.1.0"
