{#
    The rows of one key follow each other without gap and overlap: each ends when the next
    begins, and only the last one is open.
#}
{% test is_timeline(model, key, valid_from, valid_to) %}

with followed as (

    select
        {{ key }},
        {{ valid_from }},
        {{ valid_to }},
        lead({{ valid_from }}) over (
            partition by {{ key }} order by {{ valid_from }} asc
        ) as next_from
    from {{ model }}

)

select *
from followed
where
    {{ valid_from }} is null
    or {{ valid_to }} <= {{ valid_from }}
    or next_from <> {{ valid_to }}
    or (next_from is null) <> ({{ valid_to }} is null)

{% endtest %}
