-- title: Customers who entered a segment, and who left one
-- inputs: pairs(segment_before, segment_after)
-- columns: group_id, customer_id, type, happened_on, before, after (the segments; null: none), n,
--   minor, key
with changed as (
    from pairs
    where segment_before is distinct from segment_after
)
select
    group_id,
    customer_id,
    'entered_segment' as type,
    $as_of_to as happened_on,
    segment_before as before,
    segment_after as after,
    null::bigint as n,
    null::bigint as minor,
    $scheme || chr(31) || segment_after || chr(31) || $as_of_to as key
from changed
where segment_after is not null
union all
select
    group_id,
    customer_id,
    'left_segment' as type,
    $as_of_to as happened_on,
    segment_before as before,
    segment_after as after,
    null::bigint as n,
    null::bigint as minor,
    $scheme || chr(31) || segment_before || chr(31) || $as_of_to as key
from changed
where segment_before is not null
