-- title: Customers who passed one, two or three times their own cycle since their last order
-- inputs: pairs(last_order_before, last_order_after, recency_days_before, recency_days_after,
--   own_us_before, own_us_after, timing_before, timing_after)
-- columns: group_id, customer_id, type (the timing beyond the limit), happened_on, before, after
--   (timing), n (days since the last order), minor, key
-- The own cycle changes with the cycle of the population, so a limit can be passed more than once.
with limits as (
    select unnest($timings) as type, unnest($limits) as n_cycles
)
select
    group_id,
    customer_id,
    type,
    $as_of_to as happened_on,
    timing_before as before,
    timing_after as after,
    recency_days_after as n,
    null::bigint as minor,
    epoch_us(last_order_after)::varchar as key
from pairs
join limits on recency_days_after::bigint * 86400000000 > n_cycles * own_us_after
where last_order_before is null
    or last_order_before <> last_order_after
    or recency_days_before::bigint * 86400000000 <= n_cycles * own_us_before
