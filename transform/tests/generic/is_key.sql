{#
    The columns together are unique, and none of them is null but those in `nullable`: a
    table whose key changed with Airflow 3 leaves the other version's key empty.
#}
{% test is_key(model, columns, nullable=[]) %}

select
    {{ columns | join(", ") }},
    count(*) as row_count
from {{ model }}
group by {{ columns | join(", ") }}
having
    count(*) > 1
    {%- for column in columns if column not in nullable %}
    or {{ column }} is null
    {%- endfor %}

{% endtest %}
