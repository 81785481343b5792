"""What may leave the database of ``log.extra``: the SQL of the allow-list in log_extra.yml.

A note may be JSON, a Python list, or any text, and before PostgreSQL 16 nothing tests a text for
JSON without raising an error. So regular expressions first make a note *flat*: they match strings
from left to right, as a parser does, empty those with an unusual character, and replace nested
values by a mark. What is left has no other quotes, brackets and backslashes than those of its
syntax, so that names and pairs can be matched safely.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from typing import Any

import yaml

from tap_airflow_metadata.quoting import literal
from tap_airflow_metadata.verdict import verdict

# Characters of a string that may be kept. JSON escapes letters that are not English; in a command
# there must be no equals sign, which may join a password to its option.
_PLAIN = r"[A-Za-z0-9 _.,~:+@/#!()|*=-]|[^\x01-\x7f]"
_PLAIN_IN_COMMAND = r"(?:[A-Za-z0-9 _.,~:+@/#!()|*-]|\\u[0-9a-f]{4})*"
_IN_QUOTES = r"(?:[^'\\]|\\.)*"
_IN_DOUBLE_QUOTES = r'(?:[^"\\]|\\.)*'
# Flat JSON that PostgreSQL can parse without error, and a flat list of pairs.
_JSON_TEXT = r'"[^"\\\x01-\x1f]*"'
_JSON_PAIR = rf"{_JSON_TEXT}: (?:{_JSON_TEXT}|-?(?:0|[1-9][0-9]{{0,30}})|true|false|null)"
_FLAT_JSON = rf"^\{{(?:{_JSON_PAIR}(?:, {_JSON_PAIR})*)?\}}$"
_LIST_PAIR = r"\('[^']*', (?:'[^']*'|-?[0-9]+|True|False|None)\)"
_PLAIN_JSON = _FLAT_JSON.replace(_JSON_TEXT, '"[A-Za-z0-9 _.,~:+@/#!()|*=-]*"')
_FLAT_LIST = rf"^\[(?:{_LIST_PAIR}(?:, {_LIST_PAIR})*)?\]$"
# Replaces an object or a list that is a value; no plain string equals it.
_NESTED = "<>"
_DEEPEST = 5
# Replaces a backslash in flat JSON; no plain string contains it.
_BACKSLASH = "chr(127)"
# Forms without a pattern: any plain string; whether there is a value at all; and what was chosen.
_NAME = "name"
_GIVEN = "given"
_WRITTEN = "written"
_VERDICT = "verdict"
# Prefixes of the events of some requests in releases 2.9 to 2.11.
_PREFIXES = ("", "api.", "ui.")
_FLAGS_OF_ALL_COMMANDS = ("--help", "-h", "--verbose", "-v")


@dataclass(frozen=True)
class Requests:
    """Events of requests of which the same values are kept.

    Attributes:
        events: Their names.
        kept: Form of the value by name; see ``forms`` in log_extra.yml.
        dropped: Patterns of further known names.
    """

    events: tuple[str, ...]
    kept: dict[str, str]
    dropped: tuple[str, ...]


@dataclass(frozen=True)
class Command:
    """A command of Airflow's command line.

    Attributes:
        words: Alternative spellings of its words.
        first: Whether the first positional argument is a name that is kept.
        flags: Options without a value.
        options: Options with a value.
        kept: Options whose value is kept.
    """

    words: tuple[str, ...]
    first: bool
    flags: tuple[str, ...]
    options: tuple[str, ...]
    kept: tuple[str, ...]


@dataclass(frozen=True)
class AllowList:
    """The content of log_extra.yml.

    Attributes:
        forms: Regular expression of a value, by form.
        requests: Groups of events.
        bulk_dags: Events of requests about several DAGs.
        commands: By event.
    """

    forms: dict[str, str]
    requests: tuple[Requests, ...]
    bulk_dags: tuple[str, ...]
    commands: dict[str, Command]


@functools.cache
def allow_list() -> AllowList:
    """Return the content of log_extra.yml."""
    file = resources.files("tap_airflow_metadata") / "log_extra.yml"
    content: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return AllowList(
        forms=content["forms"],
        requests=tuple(
            Requests(
                events=tuple(prefix + name for prefix in _PREFIXES for name in group["events"]),
                kept=group["kept"],
                dropped=tuple(group["dropped"]),
            )
            for group in content["requests"].values()
        ),
        bulk_dags=tuple(content["bulk_dags"]),
        commands={
            event: Command(
                words=tuple(command["words"]),
                first=command.get("first", False),
                flags=(*command.get("flags", ()), *_FLAGS_OF_ALL_COMMANDS),
                options=tuple(command.get("options", ())),
                kept=tuple(command.get("kept", ())),
            )
            for event, command in content["commands"].items()
        },
    )


def cleaned(column: str) -> str:
    """Return SQL for the cleaned value, and whether it is complete; see ``cleaning.cleaned``.

    Nothing is kept of an event that is not listed, so nothing of it counts as unknown; dbt's
    seed of audit events says which events are known.
    """
    return f"""case
    when {column} is null then null
    -- What tasks write since 3.2 with every event, by far the most.
    when {column} like '{{"host_name": "%' and {column} not like '%", "%' then array[null, 'cut']
    when "event" in ({_listed(allow_list().commands)}) then {_of_command(column)}
    when "event" in ({_listed(allow_list().bulk_dags)}) then {_of_bulk_dags(column)}
    when {_group()} is null then array[null, 'cut']
    when {column} like '[%' then {_of_list(column)}
    else {_of_json(column)}
end"""


def _listed(words: Iterable[str]) -> str:
    return ", ".join(map(literal, words))


def _alternatives(patterns: Iterable[str]) -> str:
    return f"(?:{'|'.join(patterns)})"


def _group() -> str:
    """Return SQL for the index of an event's group; null without one."""
    cases = " ".join(
        f'when "event" in ({_listed(group.events)}) then {number}'
        for number, group in enumerate(allow_list().requests)
    )
    return f"case {cases} end"


def _of_json(column: str) -> str:
    texts = literal(rf'"(?:((?:{_PLAIN}|\\u[0-9a-f]{{4}})*)|{_IN_DOUBLE_QUOTES})"')
    nested = literal(r"\{[^][{}]*\}|\[[^][{}]*\]")
    flat = f"""substring(regexp_replace({column}, {texts}, '"\\1"', 'g') from '^\\{{(.*)\\}}$')"""
    for _ in range(_DEEPEST):
        flat = f"regexp_replace({flat}, {nested}, '\"{_NESTED}\"', 'g')"
    flat = f"""case
        when {column} ~ {literal(_PLAIN_JSON)} then {column}
        else '{{' || replace({flat}, '\\', {_BACKSLASH}) || '}}'
    end"""
    return _of_request(
        column,
        flat,
        is_flat=f"flat ~ {literal(_FLAT_JSON)}",
        pairs=f"""(
            select name, replace(noted::text, {_BACKSLASH}, '\\') as value, position
            from json_each(flat::json) with ordinality as noted (name, noted, position)
            offset 0
        )""",
        is_given=rf"""{column} ~ ('"' || name || '": (?!null|"[{{}}\s]*"|\{{\}}|\[\])')""",
        written="""'"' || name || '": ' || {value}""",
        quote='"',
        brackets="{}",
    )


def _of_list(column: str) -> str:
    texts = literal(f"'(?:((?:{_PLAIN})*)|{_IN_QUOTES})'|\"{_IN_DOUBLE_QUOTES}\"")
    pair = literal(r"\('([^']*)', ('[^']*'|[^',)]+)\)")
    return _of_request(
        column,
        f"regexp_replace({column}, {texts}, '''\\1''', 'g')",
        is_flat=f"flat ~ {literal(_FLAT_LIST)}",
        pairs=f"""(
            select found[1] as name, found[2] as value, position
            from regexp_matches(flat, {pair}, 'g') with ordinality as pairs (found, position)
            offset 0
        )""",
        is_given=rf"""{column} ~ ('\(''' || name || ''', (?!''[{{}}\s]*''|None)')""",
        written="""'(''' || name || ''', ' || {value} || ')'""",
        quote="'",
        brackets="[]",
    )


def _of_request(  # noqa: PLR0913  what differs between the two ways to note a request
    column: str,
    flat: str,
    *,
    is_flat: str,
    pairs: str,
    is_given: str,
    written: str,
    quote: str,
    brackets: str,
) -> str:
    """Return SQL for the part of a request's note that is kept.

    Args:
        column: SQL of the note.
        flat: SQL of the note, flat.
        is_flat: SQL for whether the note could be made flat.
        pairs: SQL query of the flat note's values: name, value, position.
        is_given: SQL for whether the note itself has a value for a name.
        written: SQL that writes a pair; ``{value}`` stands for the value.
        quote: Quote of a string.
        brackets: Opening and closing bracket of the note.
    """
    given, nothing = literal(f"{quote}***{quote}"), literal(quote * 2)
    chosen = rf"""substring({column} from '"' || name || '": (\[[^]]*\])')"""
    value = f"""case
        when name in ({_listed(_names_of(_GIVEN))}) then {given}
        when name in ({_listed(_names_of(_WRITTEN))}) and {is_given} then {given}
        when name in ({_listed(_names_of(_WRITTEN))}) then {nothing}
        when name in ({_listed(_names_of(_VERDICT))}) then {verdict(chosen)}
        else value
    end"""
    return f"""(
        select array[kept, case
            when is_known is not true then 'unknown' when kept <> {column} then 'cut'
        end]
        from (select {_group()} as number, {flat} as flat offset 0) as note
        left join lateral (
            select
                '{brackets[0]}' || coalesce(
                    string_agg({written.format(value=value)}, ', ' order by position)
                    filter (where {_is_kept(column, is_given)}),
                    ''
                ) || '{brackets[1]}' as kept,
                coalesce(bool_and({_is_known()}), true) as is_known
            from {pairs} as pairs
        ) as told on {is_flat}
    )"""


def _names_of(form: str) -> list[str]:
    return sorted({name for group in allow_list().requests for name in _names(group, form)})


def _names(group: Requests, form: str) -> list[str]:
    return [name for name, its_form in group.kept.items() if its_form == form]


def _is_kept(column: str, is_given: str) -> str:
    """Return SQL for whether a value has the form of its kept name."""
    groups = []
    for number, group in enumerate(allow_list().requests):
        cases = []
        for form, pattern in allow_list().forms.items():
            wanted = {
                _NAME: f"value <> '\"{_NESTED}\"'",
                _GIVEN: is_given,
                _WRITTEN: "true",
                # Of two lists with one name, which is deeper in the note is not told.
                _VERDICT: f"value = '\"{_NESTED}\"'"
                f" and cardinality(string_to_array({column}, '\"' || name || '\": ')) = 2",
            }.get(form, f"btrim(value, '''\"') ~ '^(?:{pattern})$'")
            if names := _names(group, form):
                cases.append(f"when name in ({_listed(names)}) then {wanted}")
        groups.append(f"when {number} then case {' '.join(cases)} else false end")
    return f"case number {' '.join(groups)} end"


def _is_known() -> str:
    """Return SQL for whether the allow-list has a name, kept or dropped."""
    groups = " ".join(
        f"when {number} then name in ({_listed(group.kept)})"
        f" or name ~ {literal(f'^{_alternatives(group.dropped)}$')}"
        for number, group in enumerate(allow_list().requests)
    )
    return f"case number {groups} end"


def _of_bulk_dags(column: str) -> str:
    """Return SQL for the DAGs that a request is about.

    Their ids are deep in its body. A quote within a JSON string has a backslash before it, so no
    string is taken for a name.
    """
    pairs = literal(
        rf'"dag_id": "((?:{_PLAIN}|\\u[0-9a-f]{{4}})*)"|"is_paused": (true|false)'
        rf'|"scheduling_state": "({allow_list().forms["scheduling_state"]})"'
    )
    # Null of a DAG's id, as is the id of a state: neither is aggregated.
    state = (
        "coalesce(found[3], case found[2] when 'true' then 'paused' when 'false' then 'active' end)"
    )
    return f"""(
        select array[
            '{{"dag_ids": ['
            || coalesce(string_agg('"' || found[1] || '"', ', ' order by position), '')
            || ']' || case
                when min({state}) = max({state})
                    then ', "scheduling_state": "' || min({state}) || '"'
                else ''
            end || '}}',
            'cut'
        ]
        from regexp_matches({column}, {pairs}, 'g') with ordinality as pairs (found, position)
    )"""


def _of_command(column: str) -> str:
    texts = literal(
        f"'(?:({_PLAIN_IN_COMMAND})|(--[a-z][a-z0-9-]*=){_IN_QUOTES}|{_IN_QUOTES})'"
        f'|"{_IN_DOUBLE_QUOTES}"'
    )
    option = literal("'(--?[A-Za-z][A-Za-z0-9-]*)=?'(?:, '([^'-][^']*)')?")
    commands = ", ".join(
        f"({literal(event)}, {literal(_words(command))}, {literal(_first(command))},"
        f" array[{_listed((*command.flags, *command.options, *command.kept))}],"
        f" array[{_listed(command.kept)}]::text[])"
        for event, command in allow_list().commands.items()
    )
    return f"""(
        select coalesce(max(array[
            '{{"full_command": "[''airflow'', ' || said || coalesce(
                ', ''' || substring(given from first) || '''', ''
            ) || coalesce((
                select string_agg(
                    ', ''' || found[1] || '''' || case
                        when found[1] = any(kept) then coalesce(', ''' || found[2] || '''', '')
                        else ''
                    end,
                    '' order by position
                )
                from regexp_matches(given, {option}, 'g') with ordinality as pairs (found, position)
                where found[1] = any(options)
            ), '') || ']"}}',
            'cut'
        ]), array[null, 'unknown'])
        from (
            select
                first, options, kept,
                substring(line from '^''[^'']*'', (' || words || ')') as said,
                coalesce(substring(line from '^''[^'']*'', ' || words || ', (.*)$'), '') as given
            from (
                select regexp_replace({_command_line(column)}, {texts}, '''\\1\\2''', 'g') as line
                offset 0
            ) as flat
            inner join (values {commands}) as command (name, words, first, options, kept)
                on command.name = "event"
            where line ~ {literal("^'[^']*'(?:, '[^']*')*$")}
            offset 0
        ) as split
        where said is not null
    )"""


def _command_line(column: str) -> str:
    """Return SQL that extracts a command line, as Python's repr of a list, from a JSON string."""
    noted = literal(rf'"full_command": "\[({_IN_DOUBLE_QUOTES})\]"')
    # An escaped backslash is a character that no text has until the other escapes are gone.
    return (
        f"replace(replace(replace(substring({column} from {noted}), '\\\\', chr(1)), '\\\"', '\"'),"
        " chr(1), '\\')"
    )


def _words(command: Command) -> str:
    """Return a pattern of the words of a command."""
    return _alternatives("'" + "', '".join(words.split()) + "'" for words in command.words)


def _first(command: Command) -> str:
    """Return a pattern whose only group is the first positional argument."""
    if not command.first:
        return "^(no such argument)$"
    with_value = [*command.options, *command.kept]
    before = [f"'{_alternatives(command.flags)}', "]
    if with_value:
        before += [f"'{_alternatives(with_value)}{end}, " for end in ("', '[^']*'", "='")]
    return f"^{_alternatives(before)}*(?:'--', )?'([^'-][^']*)'(?:,|$)"
