"""Real Airflow installations, the schemas their migrations make, and throw-away Postgres."""
