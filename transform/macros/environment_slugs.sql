{#
    The Airflow environments to build from, as a list of slugs: var `environment_slugs`,
    else ENVIRONMENT_SLUGS (comma separated), else ENVIRONMENT_SLUG.
#}
{% macro environment_slugs() %}
    {%- set from_environment = env_var("ENVIRONMENT_SLUGS", "") or env_var("ENVIRONMENT_SLUG", "") -%}
    {%- set slugs = [] -%}
    {%- for entry in var("environment_slugs", from_environment.split(",")) -%}
        {%- set slug = entry | trim -%}
        {#- The slug becomes part of SQL, so only what the tap accepts passes. -#}
        {%- if slug and not modules.re.match("^[a-z0-9][a-z0-9_-]{0,47}$", slug) -%}
            {{ exceptions.raise_compiler_error(
                "ENVIRONMENT_SLUGS names '" ~ slug ~ "', which is no environment slug: lower case"
                ~ " letters, digits, - and _, at most 48."
            ) }}
        {%- endif -%}
        {%- if slug and slug not in slugs -%}
            {%- do slugs.append(slug) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if execute and not slugs -%}
        {{ exceptions.raise_compiler_error(
            "No Airflow environment is named. Set ENVIRONMENT_SLUG, or ENVIRONMENT_SLUGS to several,"
            ~ " comma separated, such as ENVIRONMENT_SLUGS=production,staging."
        ) }}
    {%- endif -%}
    {{ return(slugs) }}
{% endmacro %}
