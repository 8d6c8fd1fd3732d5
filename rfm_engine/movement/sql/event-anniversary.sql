-- title: Customers whose first order was a whole number of years ago
-- inputs: pairs(first_day_after)
-- columns: group_id, customer_id, type, happened_on, before, after (the day of the anniversary),
--   n (years), minor, key
-- DuckDB takes 28 February for 29 February in years without it.
with years as (
    select unnest(range(year($as_of_from), year($as_of_to) + 1)) as year
),
returns as (
    select
        group_id,
        customer_id,
        year - year(first_day_after) as n,
        (first_day_after + to_years((year - year(first_day_after))::integer))::date as day
    from pairs
    join years on year > year(first_day_after)
)
select
    group_id,
    customer_id,
    'anniversary' as type,
    $as_of_to as happened_on,
    null::varchar as before,
    day::varchar as after,
    n,
    null::bigint as minor,
    n::varchar as key
from returns
where day > $as_of_from and day <= $as_of_to
