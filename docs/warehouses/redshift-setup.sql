-- What target-redshift and dbt need, and no more. Run it as a superuser, connected to the database
-- that is to be loaded; choose another password, and put the database's name in place of `audit`.

-- Makes, fills and owns the schemas of the raw tables and of the marts; reads nothing else.
create user airflow_audit password 'Replace-Me-1';
grant create on database audit to airflow_audit;

-- Those who read the marts: add users with `alter group airflow_audit_readers add user …`.
create group airflow_audit_readers;
alter default privileges for user airflow_audit grant select on tables to group airflow_audit_readers;

-- After the first `dbt-redshift:build`, when the schema is there:
--   grant usage on schema airflow_audit to group airflow_audit_readers;
-- If the cluster lets not everybody use its roles (revoke assumerole … from public):
--   grant assumerole on 'arn:aws:iam::123456789012:role/airflow-audit-copy' to airflow_audit for copy;
