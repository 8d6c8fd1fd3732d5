-- title: Customers who became whales, and who ceased to be whales
-- inputs: pairs(is_whale_before, is_whale_after, minor_after)
-- columns: group_id, customer_id, type, happened_on, before, after, n, minor (the net amount at the
--   later date), key
select
    group_id,
    customer_id,
    if(coalesce(is_whale_after, false), 'became_whale', 'ceased_whale') as type,
    $as_of_to as happened_on,
    null::varchar as before,
    null::varchar as after,
    null::bigint as n,
    minor_after as minor,
    $as_of_to::varchar as key
from pairs
where coalesce(is_whale_before, false) <> coalesce(is_whale_after, false)
