{#
    Whether a row of a table that an upgrade of Airflow may have removed is gone, and since
    when, for the end of a select that `frozen_tables` of int_frozen_tables_dated is joined
    to: what became of the others is in another table.
#}
{% macro gone_or_frozen(relation) -%}
    {{ relation }}.is_deleted_at_source
        or frozen_tables.frozen_at is not null as is_deleted_at_source,
        coalesce({{ relation }}.deleted_at_source_at, frozen_tables.frozen_at)
            as deleted_at_source_at
{%- endmacro %}
