"""Servers that stand in for cloud warehouses."""

CLOUD_WAREHOUSES = ("snowflake", "redshift", "bigquery")
