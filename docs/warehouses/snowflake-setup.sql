-- What target-snowflake and dbt-snowflake need, and no more. Run it once, with a role that may make
-- roles, users, databases and warehouses, such as ACCOUNTADMIN; change the names as you like.

create role if not exists airflow_audit_loader;

create database if not exists airflow_audit;
create warehouse if not exists airflow_audit
    warehouse_size = xsmall
    auto_suspend = 60
    auto_resume = true
    initially_suspended = true
    -- A statement that takes an hour hangs; a sync that is too long runs again.
    statement_timeout_in_seconds = 3600;

-- The loader makes the schemas airflow_<slug>, dbt makes airflow_audit_staging and
-- airflow_audit_history. Who makes a schema owns it, so nothing has to be granted in it.
grant usage on warehouse airflow_audit to role airflow_audit_loader;
grant usage, create schema on database airflow_audit to role airflow_audit_loader;

-- A user that only programs log in as, by key. Paste the public key without its first and last
-- line:  openssl genrsa 2048 | openssl pkcs8 -topk8 -nocrypt -out key.pem
--        openssl rsa -in key.pem -pubout
create user if not exists airflow_audit_loader
    type = service
    default_role = airflow_audit_loader
    default_warehouse = airflow_audit
    rsa_public_key = 'MIIB…'
    -- Days and hours in the marts are UTC's.
    timezone = 'UTC';
grant role airflow_audit_loader to user airflow_audit_loader;

-- Those who read the marts, and nothing else. The schema has to be there before its tables can be
-- promised to anybody.
create schema if not exists airflow_audit.airflow_audit;
grant ownership on schema airflow_audit.airflow_audit to role airflow_audit_loader;
create role if not exists airflow_audit_reader;
grant usage on database airflow_audit to role airflow_audit_reader;
grant usage on schema airflow_audit.airflow_audit to role airflow_audit_reader;
grant select on future tables in schema airflow_audit.airflow_audit to role airflow_audit_reader;
