{# Whether a connection has a login; null of one that was read before that was asked. #}
{% macro has_login(login_presence) -%}
    case {{ login_presence }} when 'set' then true when 'empty' then false end
{%- endmacro %}
