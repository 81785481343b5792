{#
    Whether a user name, with or without a full name in brackets behind it, is one of the
    var `service_account_names`. Not by LIKE, for which an underscore stands for any
    character: not every warehouse can escape it.
#}
{% macro is_service_account(owner_name) -%}
    {%- set username = "lower(" ~ text_before(owner_name, " (") ~ ")" -%}
    {%- set conditions = ["false"] -%}
    {%- for name in var("service_account_names") -%}
        {%- set text = name.strip("*") -%}
        {%- if name.endswith("*") -%}
            {%- set compared = "left(" ~ username ~ ", " ~ text | length ~ ")" -%}
        {%- elif name.startswith("*") -%}
            {%- set compared = "right(" ~ username ~ ", " ~ text | length ~ ")" -%}
        {%- else -%}
            {%- set compared = username -%}
        {%- endif -%}
        {%- do conditions.append(compared ~ " = " ~ literal(text | lower)) -%}
    {%- endfor -%}
    ({{ conditions | join(" or ") }})
{%- endmacro %}
