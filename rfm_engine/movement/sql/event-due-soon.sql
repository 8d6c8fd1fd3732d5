-- title: Customers who will be due within seven days
-- inputs: pairs(frequency_before, frequency_after, last_order_before, last_order_after,
--   recency_days_before, recency_days_after, own_us_before, own_us_after, timing_before, timing_after)
-- columns: group_id, customer_id, type, happened_on, before, after (timing), n (days since the last
--   order), minor, key
-- Customers with fewer than three orders have no cycle of their own.
with judged as (
    select
        *,
        timing_after = $on_time
            and frequency_after >= 3
            and (recency_days_after::bigint + 7) * 86400000000 > own_us_after as is_soon,
        timing_before = $on_time
            and frequency_before >= 3
            and last_order_before = last_order_after
            and (recency_days_before::bigint + 7) * 86400000000 > own_us_before as was_soon
    from pairs
)
select
    group_id,
    customer_id,
    'due_soon' as type,
    $as_of_to as happened_on,
    timing_before as before,
    timing_after as after,
    recency_days_after as n,
    null::bigint as minor,
    epoch_us(last_order_after)::varchar as key
from judged
where is_soon and not coalesce(was_soon, false)
