{% snapshot snap_findings %}

{{ config(
    unique_key="finding_key",
    check_cols=["severity", "is_open"],
) }}

{#- What is told of a finding that is over is what was told when it last began or changed.
    History names nobody: of a person it keeps neither name nor sentence. #}
{%- set naming = ["subject", "object_name", "sentence"] %}
{%- set columns = [
    "finding_key", "rule_name", "rule_number", "severity", "environment_slug", "dag_key",
    "user_key", "dag_id", "task_id", "run_id", "measured_value", "usual_value",
    "value_unit", "began_at", "last_happened_at",
] + naming %}
{%- set windows = ref("int_finding_windows") %}
{%- set is_known = columns_known(this, ["finding_key"]) | length > 0 %}
with present as (

    select
        {%- for column in columns if column not in naming %}
        {{ column }},
        {%- endfor %}
        {%- for column in naming %}
        case when username is null then {{ column }} end as {{ column }},
        {%- endfor %}
        true as is_open,
        synced_at as observed_at
    from {{ ref("int_findings_unioned") }}

)
{%- if is_known %},

known as (

    select * from {{ this }}
    where dbt_valid_to is null

),

-- A later sync shows it no more.
ended as (

    select
        {%- for column in columns %}
        known.{{ column }},
        {%- endfor %}
        false as is_open,
        windows.synced_at as observed_at
    from known
    inner join {{ windows }} as windows
        on known.environment_slug = windows.environment_slug
    left join present on known.finding_key = present.finding_key
    where present.finding_key is null and known.is_open

),

current_state as (

    select * from present
    union all
    select * from ended

)

select current_state.*
from current_state
left join known on current_state.finding_key = known.finding_key
where
    known.finding_key is null
    or current_state.observed_at > known.dbt_valid_from
{%- else %}

select * from present
{%- endif %}

{% endsnapshot %}
