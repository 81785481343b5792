with numbers as (

    {{ whole_numbers(100000) }}

),

counted as (

    select cast(generated_number - 1 as bigint) as counted_number
    from numbers

)

select * from counted
