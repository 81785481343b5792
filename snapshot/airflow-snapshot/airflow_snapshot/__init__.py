"""Takes, tests and restores snapshots of an Airflow metadata database, and makes copies safe."""
