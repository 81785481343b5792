with digits as (

    {% for digit in range(10) -%}
        select {{ digit }} as digit
        {{ "union all" if not loop.last }}
    {% endfor %}
),

numbers as (

    select
        ones.digit
        + 10 * tens.digit
        + 100 * hundreds.digit
        + 1000 * thousands.digit
        + 10000 * ten_thousands.digit as counted_number
    from digits as ones
    cross join digits as tens
    cross join digits as hundreds
    cross join digits as thousands
    cross join digits as ten_thousands

)

select * from numbers
