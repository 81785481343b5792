with connections as (

    select * from {{ ref("stg_airflow__connections") }}

),

sync_manifests as (

    select * from {{ ref("stg_airflow__sync_manifests") }}

),

-- A host that was read before hosts were cleaned may have a password in it, and history
-- cannot be made again.
cleaned as (

    select
        environment_slug,
        min(extracted_at) as cleaned_since_at
    from sync_manifests
    where table_name = 'connection' and cleaned_rows is not null
    group by environment_slug

),

watched as (

    select
        connections.environment_slug,
        connections.connection_id,
        connections.conn_id,
        connections.conn_type,
        connections.is_encrypted,
        connections.is_extra_encrypted,
        {{ has_login("connections.login_presence") }} as has_login,
        {%- for column in ["host", "port", "connection_schema"] %}
            case
                when connections.extracted_at >= cleaned.cleaned_since_at
                    then connections.{{ column }}
            end as {{ column }},
        {%- endfor %}
        case when connections.extracted_at >= cleaned.cleaned_since_at then true end
            as is_address_known,
        connections.extracted_at,
        connections.is_deleted_at_source,
        connections.deleted_at_source_at
    from connections
    left join cleaned
        on connections.environment_slug = cleaned.environment_slug

)

select * from watched
