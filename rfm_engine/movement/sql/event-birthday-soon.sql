-- title: Customers whose birthday is within the seven days after the later date
-- inputs: pairs(birthday_before, birthday_after)
-- columns: group_id, customer_id, type, happened_on, before, after (the day of the birthday), n,
--   minor, key
-- DuckDB takes 28 February for 29 February in years without it.
with years as (
    select unnest(range(year($as_of_to), year($as_of_to + 7) + 1)) as year
),
returns as (
    select
        *,
        year,
        (birthday_after + to_years((year - year(birthday_after))::integer))::date as day
    from pairs
    cross join years
)
select
    group_id,
    customer_id,
    'birthday_soon' as type,
    $as_of_to as happened_on,
    null::varchar as before,
    day::varchar as after,
    null::bigint as n,
    null::bigint as minor,
    year::varchar as key
from returns
where day > $as_of_to
    and day <= $as_of_to + 7
    and not coalesce(birthday_before = birthday_after and day <= $as_of_from + 7, false)
