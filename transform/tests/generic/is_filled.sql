{#
    None of the columns is null in any row. One query for all of them: on a warehouse a
    query has its price, and a `not_null` on each column would be hundreds.
#}
{% test is_filled(model, columns) %}

select *
from (
    select
        {%- for column in columns %}
        count(*) - count({{ column }}) as {{ column }}{{ "," if not loop.last }}
        {%- endfor %}
    from {{ model }}
) as missing_values
where {{ columns | join(" + ") }} > 0

{% endtest %}
