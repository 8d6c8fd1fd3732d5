-- title: How each customer changed, and whether the customer or the cut points did it
-- inputs: paths(s00, s10, s11, customers, minor_from, minor_to), groups()
-- columns: class (stayed: the same segment, also under the old cut points; moved: by the customer;
--   threshold: by the cut points; offset: both, back to the same segment; both; entered; left),
--   customers, monetary_from, monetary_to, spend_change
with classes as (
    select unnest(
        ['stayed', 'moved', 'threshold', 'offset', 'both', 'entered', 'left']
    ) as class, unnest(range(7)) as place
),
classed as (
    select
        *,
        case
            when s00 is null then 'entered'
            when s11 is null then 'left'
            when s00 = s10 and s10 = s11 then 'stayed'
            when s10 = s11 then 'moved'
            when s00 = s10 then 'threshold'
            when s00 = s11 then 'offset'
            else 'both'
        end as class
    from paths
)
select
    groups.group_id,
    classes.class,
    coalesce(sum(customers), 0)::bigint as customers,
    coalesce(sum(minor_from), 0)::decimal(38, 0) as monetary_from,
    coalesce(sum(minor_to), 0)::decimal(38, 0) as monetary_to,
    coalesce(sum(minor_to - minor_from), 0)::decimal(38, 0) as spend_change
from groups
cross join classes
left join classed
    on classed.group_id = groups.group_id and classed.class = classes.class
group by groups.group_id, classes.place, classes.class
order by groups.group_id, classes.place
