"""Ninety days of Airflow at work, event by event, told in words that both Airflows share.

`records` says what comes out; `demo.tables` turns it into each Airflow's rows.
"""
