"""Singer tap for the metadata database of Apache Airflow."""
