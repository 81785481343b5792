-- A table, because the rules are asked more than once, and what they find is little.
{{ config(materialized="table") }}

-- In the order in which findings of one severity are told.
{{ unioned_findings([
    ref("rule_active_leavers"),
    ref("rule_new_privileges"),
    ref("rule_failing_dags"),
    ref("rule_missed_deadlines"),
    ref("rule_stuck_work"),
    ref("rule_broken_files"),
    ref("rule_component_outages"),
    ref("rule_unreconciled_tables"),
    ref("rule_late_syncs"),
    ref("rule_idle_admins"),
    ref("rule_slower_dags"),
    ref("rule_late_dags"),
    ref("rule_lost_time"),
    ref("rule_saturated_pools"),
    ref("rule_unexplained_changes"),
    ref("rule_deletions_by_hand"),
    ref("rule_flaky_tasks"),
    ref("rule_unusual_hours"),
    ref("rule_unusual_volume"),
    ref("rule_unused_dags"),
    ref("rule_ownerless_dags"),
]) }}
