{#
    The model has as many rows as the one it is made from: none lost, none doubled by a
    join.
#}
{% test has_all_rows_of(model, parent) %}

select
    model_rows,
    parent_rows
from (select count(*) as model_rows from {{ model }}) as counted_model
cross join (select count(*) as parent_rows from {{ parent }}) as counted_parent
where model_rows <> parent_rows

{% endtest %}
