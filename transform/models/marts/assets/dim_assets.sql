with assets as (

    select * from {{ ref("int_assets_unified") }}

)

select
    {{ surrogate_key(["environment_slug", "asset_id"]) }} as asset_key,
    environment_slug,
    asset_id,
    asset_name,
    asset_uri,
    asset_group,
    is_active,
    extracted_at,
    is_deleted_at_source,
    deleted_at_source_at
from assets
