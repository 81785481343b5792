{#
    What the user says of their own company: a var, else the environment variable of its
    name, AIRFLOW_AUDIT_<NAME>, which Meltano sets; empty where neither does.
#}
{% macro setting(name) %}
    {{ return(var(name) or env_var("AIRFLOW_AUDIT_" ~ name | upper, "")) }}
{% endmacro %}
