{# 1 if the version in a relation with valid_from_at and valid_to_at held at the moment, else null. #}
{% macro is_valid_at(relation, moment) -%}
    case
        when
            {{ relation }}.valid_from_at <= {{ moment }}
            and ({{ relation }}.valid_to_at is null or {{ relation }}.valid_to_at > {{ moment }})
            then 1
    end
{%- endmacro %}
