"""Airflow hooks: connections turned into clients."""
