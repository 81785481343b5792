"""Two example Airflow environments: how their databases are made, and the demo on them."""
