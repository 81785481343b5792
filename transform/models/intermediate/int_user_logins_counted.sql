{%- set of_user =
    "(partition by versions.user_key order by versions.dbt_valid_from)" -%}
with versions as (

    select * from {{ ref("snap_airflow__user_logins") }}

),

environments as (

    select * from {{ ref("int_environments_synced") }}

),

-- Before anybody tries to log in, FAB's counters are empty. Those of a new account
-- count from 0.
sequenced as (

    select
        versions.environment_slug,
        versions.user_key,
        versions.user_id,
        versions.is_deleted_at_source,
        versions.last_login_at,
        coalesce(versions.login_count, 0) as login_total,
        coalesce(versions.failed_login_count, 0) as failed_login_total,
        versions.dbt_valid_from as valid_from_at,
        row_number() over {{ of_user }} as version_number,
        coalesce(lag(versions.login_count) over {{ of_user }}, 0)
            as login_total_before,
        coalesce(lag(versions.failed_login_count) over {{ of_user }}, 0)
            as failed_login_total_before,
        lag(versions.last_login_at) over {{ of_user }} as last_login_before_at
    from versions
    -- The snapshots also remember environments that are no longer built from.
    inner join environments
        on versions.environment_slug = environments.environment_slug

),

-- When builds saw the counters of all users: there may be several syncs from one build
-- to the next, and nothing is known of one after which nobody's had changed. What is
-- gone has the time of the sync that missed it.
observed as (

    select distinct
        environment_slug,
        valid_from_at as observed_at
    from sequenced
    where not is_deleted_at_source

),

observations as (

    select
        environment_slug,
        observed_at,
        lag(observed_at) over (
            partition by environment_slug
            order by observed_at
        ) as observed_before_at
    from observed

),

-- A counter that went down, as when Airflow's database was restored from a copy, tells
-- no more than that somebody logged in since, if the last log-in is a later one.
logged_in as (

    select
        sequenced.*,
        observations.observed_before_at,
        case
            when sequenced.login_total >= sequenced.login_total_before
                then sequenced.login_total - sequenced.login_total_before
            when sequenced.last_login_at > sequenced.last_login_before_at then 1
            else 0
        end as login_count
    from sequenced
    inner join observations
        on
            sequenced.environment_slug = observations.environment_slug
            and sequenced.valid_from_at = observations.observed_at
    -- What was there when history began is nothing that happened since.
    where
        not sequenced.is_deleted_at_source
        and observations.observed_before_at is not null

),

-- FAB sets the failed ones to 0 whenever somebody logs in.
counted as (

    select
        *,
        case
            when login_count > 0 then failed_login_total
            when failed_login_total > failed_login_total_before
                then failed_login_total - failed_login_total_before
            else 0
        end as failed_login_count
    from logged_in

)

select
    environment_slug,
    user_key,
    user_id,
    version_number,
    login_count,
    failed_login_count,
    observed_before_at as counted_from_at,
    valid_from_at as counted_until_at,
    last_login_at
from counted
where login_count > 0 or failed_login_count > 0
