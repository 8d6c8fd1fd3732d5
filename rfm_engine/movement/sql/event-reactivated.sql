-- title: Customers of an asleep segment who ordered again
-- inputs: pairs(segment_before, segment_after, frequency_before, frequency_after, last_order_before,
--   last_order_after)
-- columns: group_id, customer_id, type, happened_on, before, after (segments), n, minor, key
-- With a window, an older order can leave as the new one comes, so that the last order counts.
select
    group_id,
    customer_id,
    'reactivated' as type,
    $as_of_to as happened_on,
    segment_before as before,
    segment_after as after,
    null::bigint as n,
    null::bigint as minor,
    $as_of_to::varchar as key
from pairs
where segment_before in (select unnest($asleep))
    and if($has_window, last_order_after > last_order_before, frequency_after > frequency_before)
