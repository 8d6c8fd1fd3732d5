-- title: Why the size of each segment changed: time, behaviour, or cut points that moved
-- inputs: paths(s00, sa, s10, s11, customers), segments(code, segment), groups()
-- columns: segment ((none) for customers who are absent), n0, aged, behaviour, threshold, n1,
--   of_which_entered, of_which_left
with named as (
    select code, segment from segments
    union all
    select null as code, '(none)' as segment
),
counted as (
    select group_id, s00 as code, customers as n0, 0 as na, 0 as n10, 0 as n1, 0 as entered,
        if(s11 is null, customers, 0) as went
    from paths
    union all
    select group_id, sa as code, 0, customers, 0, 0, 0, 0
    from paths
    union all
    select group_id, s10 as code, 0, 0, customers, 0, if(s00 is null, customers, 0), 0
    from paths
    union all
    select group_id, s11 as code, 0, 0, 0, customers, 0, 0
    from paths
)
select
    groups.group_id,
    named.segment,
    coalesce(sum(n0), 0)::bigint as n0,
    coalesce(sum(na - n0), 0)::bigint as aged,
    coalesce(sum(n10 - na), 0)::bigint as behaviour,
    coalesce(sum(n1 - n10), 0)::bigint as threshold,
    coalesce(sum(n1), 0)::bigint as n1,
    if(named.code is null, 0, coalesce(sum(entered), 0))::bigint as of_which_entered,
    if(named.code is null, 0, coalesce(sum(went), 0))::bigint as of_which_left
from groups
cross join named
left join counted
    on counted.group_id = groups.group_id and counted.code is not distinct from named.code
group by groups.group_id, named.code, named.segment
order by groups.group_id, named.code nulls last
