"""Airflow operators: thin faces of the client libraries."""
