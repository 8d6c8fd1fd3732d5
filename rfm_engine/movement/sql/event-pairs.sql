-- title: The customers of two snapshots side by side; nulls where a customer is not in one of them
-- inputs: before(segment, frequency, last_order, recency_days, is_whale, own_us, timing, birthday),
--   after(segment, frequency, first_day, last_day, last_order, recency_days, is_whale, own_us, timing,
--   minor, birthday)
-- columns: group_id, customer_id, was_there, then the columns of both with before_ and after_
select
    coalesce(a.group_id, b.group_id) as group_id,
    coalesce(a.customer_id, b.customer_id) as customer_id,
    b.segment as segment_before,
    a.segment as segment_after,
    b.frequency as frequency_before,
    a.frequency as frequency_after,
    a.first_day as first_day_after,
    a.last_day as last_day_after,
    b.last_order as last_order_before,
    a.last_order as last_order_after,
    b.recency_days as recency_days_before,
    a.recency_days as recency_days_after,
    b.is_whale as is_whale_before,
    a.is_whale as is_whale_after,
    b.own_us as own_us_before,
    a.own_us as own_us_after,
    b.timing as timing_before,
    a.timing as timing_after,
    a.minor as minor_after,
    b.birthday as birthday_before,
    a.birthday as birthday_after
from before as b
full join after as a using (group_id, customer_id)
