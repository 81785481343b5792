{%- set columns -%}
    environment_slug,
        task_instance_id,
        subject,
        assignees,
        default_answers,
        created_at,
        responded_at,
        responded_by,
        verdict,
        extracted_at,
        is_deleted_at_source,
        deleted_at_source_at
{%- endset -%}
with hitl_details as (

    select * from {{ ref("stg_airflow__hitl_details") }}

),

hitl_detail_histories as (

    select * from {{ ref("stg_airflow__hitl_detail_histories") }}

),

frozen_tables as (

    select * from {{ ref("int_frozen_tables_dated") }}
    where table_name = 'hitl_detail_history'

),

-- Airflow 3.4 has one table for all tries.
earlier as (

    select
        hitl_detail_histories.environment_slug,
        hitl_detail_histories.task_instance_id,
        hitl_detail_histories.subject,
        hitl_detail_histories.assignees,
        hitl_detail_histories.default_answers,
        hitl_detail_histories.created_at,
        hitl_detail_histories.responded_at,
        hitl_detail_histories.responded_by,
        hitl_detail_histories.verdict,
        hitl_detail_histories.extracted_at,
        {{ gone_or_frozen("hitl_detail_histories") }}
    from hitl_detail_histories
    left join frozen_tables
        on hitl_detail_histories.environment_slug = frozen_tables.environment_slug

),

unioned as (

    select
        {{ columns }},
        0 as source_rank
    from earlier
    union all
    select
        {{ columns }},
        1 as source_rank
    from hitl_details

),

-- Up to Airflow 3.3 a try that is over is in both until the next full read.
ranked as (

    select
        *,
        row_number() over (
            partition by environment_slug, task_instance_id
            order by
                case when is_deleted_at_source then 1 else 0 end asc,
                source_rank asc
        ) as presence_rank
    from unioned

)

select
    {{ columns }}
from ranked
where presence_rank = 1
