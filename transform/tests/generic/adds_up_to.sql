{#
    In every environment a column adds up to the same as an expression over the model
    that it is made from: nothing lost, nothing counted twice.
#}
{% test adds_up_to(model, column_name, parent, expression) %}

with model_sums as (

    select
        environment_slug,
        sum({{ column_name }}) as model_sum
    from {{ model }}
    group by environment_slug

),

parent_sums as (

    select
        environment_slug,
        {{ expression }} as parent_sum
    from {{ parent }}
    group by environment_slug

)

select
    parent_sums.environment_slug,
    model_sums.model_sum,
    parent_sums.parent_sum
from parent_sums
full outer join model_sums
    on parent_sums.environment_slug = model_sums.environment_slug
where
    abs(coalesce(model_sums.model_sum, 0) - coalesce(parent_sums.parent_sum, 0))
    > 0.000001 * (1 + abs(coalesce(parent_sums.parent_sum, 0)))

{% endtest %}
