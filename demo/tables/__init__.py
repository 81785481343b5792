"""The history as rows of the real Airflow's tables, of both versions.

What real Airflow writes was read off the rows of real runs of 2.11.0 and 3.3.2, and where a run
shows too little, from their source.
"""
