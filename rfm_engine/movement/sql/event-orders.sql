-- title: Customers whose first, second or n-th order came between the two dates
-- inputs: pairs(frequency_before, frequency_after, first_day_after, last_day_after)
-- columns: group_id, customer_id, type, happened_on (null if the day of the order is not known), before,
--   after, n (the number of the order), minor, key
-- The snapshot has the days of the first and of the last order only.
with grown as (
    from pairs
    where frequency_after > coalesce(frequency_before, 0)
),
numbers as (
    select unnest($numbers) as n
)
select
    group_id,
    customer_id,
    case n when 1 then 'first_order' when 2 then 'second_order' else 'nth_order' end as type,
    case when n = 1 then first_day_after when n = frequency_after then last_day_after end
        as happened_on,
    null::varchar as before,
    null::varchar as after,
    n,
    null::bigint as minor,
    n::varchar as key
from grown
join numbers on n > coalesce(frequency_before, 0) and n <= frequency_after
