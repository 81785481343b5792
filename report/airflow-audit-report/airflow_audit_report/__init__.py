"""Writes the audit marts of Apache Airflow as one HTML file, as JSON, or as a summary."""
