"""SQL that removes what may not leave the database from texts that people or programs write."""

from __future__ import annotations

from typing import Literal, get_args

from tap_airflow_metadata import log_extra
from tap_airflow_metadata.quoting import literal
from tap_airflow_metadata.verdict import verdict

# addresses: user, password and telling parameters of every address in a text are cut out.
# host: an address keeps its scheme and hosts only. log_extra: see log_extra.yml. verdict: of the
# choices in a list only whether they approve or reject. presence: only whether there is a value.
Rule = Literal["addresses", "host", "log_extra", "presence", "verdict"]
RULES: frozenset[Rule] = frozenset(get_args(Rule))

# What people could choose from, beside what they chose.
_OPTIONS = '"options"::text'
_USER = r"([A-Za-z][A-Za-z0-9+.-]*://)[^[:space:]/?#]*@"
_TELLING_PARAMETER = (
    r"([?&;][^=&;#[:space:]]*(?:token|secret|passw|pwd|sig|credential|auth|key)[^=&;#[:space:]]*=)"
    r"[^&;#[:space:]]+"
)
_SCHEME = r"(?:[A-Za-z][A-Za-z0-9+.-]*:)*//"
_ONE_HOST = r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
_HOSTS = f"{_ONE_HOST}(?:,{_ONE_HOST})*"
_ONLY_HOSTS = f"^(?:(?:{_SCHEME})?{_HOSTS}|[0-9A-Fa-f:.]+|/[A-Za-z0-9._/-]*|)$"
# With an @ after the path it is unclear where the password ends: such an address does not match.
_ADDRESS = f"^({_SCHEME})?(?:[^@/?#;]*@)*({_HOSTS})(?:[/?#;][^@]*)?$"


def cleaned(rule: Rule, column: str) -> str:
    """Return SQL that cleans a column of a table.

    Args:
        rule: The column's rule in the catalogue.
        column: SQL of its value, a text; or JSON for ``verdict``.

    Returns:
        SQL of a text array: the cleaned value; and null if nothing was cut out, ``cut`` if
        something was, ``unknown`` if that included something that no rule knows. Null for null,
        but with ``presence``.
    """
    if rule == "log_extra":
        return log_extra.cleaned(column)
    if rule == "verdict":
        return f"array[{verdict(f'({column})::text', _OPTIONS)}, null]"
    if rule == "presence":
        # Null stays for what was never read.
        return f"array[case when {column} <> '' then 'set' else 'empty' end, null]"
    if rule == "host":
        address = literal(_ADDRESS)
        return (
            f"case when {column} ~ {literal(_ONLY_HOSTS)} then array[{column}, null]"
            f" when {column} ~ {address}"
            f" then array[regexp_replace({column}, {address}, '\\1\\2'), 'cut']"
            f" when {column} is not null then array[null, 'cut'] end"
        )
    user, parameter = literal(_USER), literal(_TELLING_PARAMETER)
    without_user = f"regexp_replace({column}, {user}, '\\1', 'g')"
    return (
        f"case when {column} ~ {user} or {column} ~* {parameter} then"
        f" array[regexp_replace({without_user}, {parameter}, '\\1***', 'gi'), 'cut']"
        f" when {column} is not null then array[{column}, null] end"
    )
