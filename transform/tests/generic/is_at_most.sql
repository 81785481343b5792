{# A number is never above the one in the column `ceiling`. #}
{% test is_at_most(model, column_name, ceiling) %}

select
    {{ column_name }},
    {{ ceiling }}
from {{ model }}
where {{ column_name }} > {{ ceiling }}

{% endtest %}
