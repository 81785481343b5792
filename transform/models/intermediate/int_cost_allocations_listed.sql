with dags as (

    select * from {{ ref("stg_airflow__dags") }}

),

dag_tags as (

    select * from {{ ref("stg_airflow__dag_tags") }}

),

-- A DAG that is gone keeps the tags that went with it.
tags as (

    select
        dag_tags.environment_slug,
        dag_tags.dag_id,
        'tag' as allocated_by,
        dag_tags.tag_name as allocated_to
    from dag_tags
    left join dags
        on
            dag_tags.environment_slug = dags.environment_slug
            and dag_tags.dag_id = dags.dag_id
    where
        not dag_tags.is_deleted_at_source
        or dag_tags.deleted_at_source_at >= dags.deleted_at_source_at

),

-- Airflow keeps the owners in one text. Nobody has more than ten of them.
owners as (

    {% for place in range(1, 11) -%}
        select
            environment_slug,
            dag_id,
            'owner' as allocated_by,
            trim({{ text_part("owner_names", ",", place) }}) as allocated_to
        from dags
        {{ "union all" if not loop.last }}
    {% endfor %}
),

unioned as (

    select * from tags
    union all
    select * from owners
    where allocated_to <> ''

),

shared as (

    select
        environment_slug,
        dag_id,
        allocated_by,
        allocated_to,
        {{ share(
            "1",
            "count(*) over (partition by environment_slug, dag_id, allocated_by)",
        ) }} as allocated_share
    from unioned

)

select * from shared
