-- title: Values of an attribute on which chosen customers spend a larger part of their money
-- inputs: customers(chosen, first_day), lines(minor, order_number, attribute)
-- columns: value, customers (with the value), in_group (those of them who are chosen), minor,
--   group_minor (net amounts of their purchases with the value), share_all, share_group,
--   all_minor, all_group_minor (of all values); the lift is added afterwards
with people as (
    select group_id, customer_id, chosen
    from customers
    where first_day >= $start + $burn_in
),
spent as (
    select group_id, customer_id, attribute as value, sum(minor) as minor
    from lines
    where minor >= 0 and order_number >= 1
    group by group_id, customer_id, attribute
),
added as (
    select
        group_id,
        value,
        count(*) as customers,
        count(*) filter (where chosen) as in_group,
        sum(minor) as minor,
        coalesce(sum(minor) filter (where chosen), 0) as group_minor
    from spent
    join people using (group_id, customer_id)
    group by group_id, value
),
totals as (
    select group_id, sum(minor) as all_minor, sum(group_minor) as all_group_minor
    from added
    group by group_id
)
select
    group_id,
    value,
    customers,
    in_group,
    minor::bigint as minor,
    group_minor::bigint as group_minor,
    minor::double / nullif(all_minor, 0)::double as share_all,
    group_minor::double / nullif(all_group_minor, 0)::double as share_group,
    all_minor::bigint as all_minor,
    all_group_minor::bigint as all_group_minor
from added
join totals using (group_id)
order by
    group_id,
    group_minor::double * nullif(all_minor, 0)::double
        / (nullif(minor, 0)::double * nullif(all_group_minor, 0)::double) desc nulls last,
    minor desc,
    value nulls last
