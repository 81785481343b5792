"""What people decided, of the choices that a task gave them: never the choices themselves."""

from __future__ import annotations

# What Airflow's ApprovalOperator writes and offers.
_APPROVED, _REJECTED = '["Approve"]', '["Reject"]'
_OFFERED = '["Approve","Reject"]'


def verdict(chosen: str, offered: str | None = None) -> str:
    """Return SQL for JSON: ``"approved"``, ``"rejected"`` or ``"other"``; null for null.

    Args:
        chosen: SQL of the list of choices as JSON text.
        offered: SQL of the choices that there were, as JSON text, if they are known.
    """
    chosen = _without_spaces(chosen)
    is_other = (
        f"when {_without_spaces(offered)} <> '{_OFFERED}' then '\"other\"'" if offered else ""
    )
    return f"""case
        when {chosen} is null or {chosen} = 'null' then null
        {is_other}
        when {chosen} = '{_APPROVED}' then '"approved"'
        when {chosen} = '{_REJECTED}' then '"rejected"'
        else '"other"'
    end"""


def _without_spaces(json_text: str) -> str:
    return f"regexp_replace({json_text}, '\\s', '', 'g')"
