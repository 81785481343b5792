with hitl_details as (

    select * from {{ ref("stg_airflow__hitl_details") }}

),

hitl_detail_histories as (

    select * from {{ ref("stg_airflow__hitl_detail_histories") }}

),

earlier as (

    select
        environment_slug,
        task_instance_id,
        subject,
        assignees,
        default_answers,
        created_at,
        responded_at,
        responded_by,
        extracted_at,
        is_deleted_at_source,
        deleted_at_source_at
    from hitl_detail_histories

),

-- A try that is over leaves its row here, too, until the next full read.
latest as (

    select
        hitl_details.environment_slug,
        hitl_details.task_instance_id,
        hitl_details.subject,
        hitl_details.assignees,
        hitl_details.default_answers,
        hitl_details.created_at,
        hitl_details.responded_at,
        hitl_details.responded_by,
        hitl_details.extracted_at,
        hitl_details.is_deleted_at_source,
        hitl_details.deleted_at_source_at
    from hitl_details
    left join earlier
        on
            hitl_details.environment_slug = earlier.environment_slug
            and hitl_details.task_instance_id = earlier.task_instance_id
    where earlier.task_instance_id is null

),

unioned as (

    select * from earlier
    union all
    select * from latest

)

select * from unioned
