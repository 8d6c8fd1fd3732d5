-- title: Customers, orders and money of each segment, or by other columns of the snapshot
-- inputs: customers(split, frequency, minor, is_whale)
-- columns: total (true for the row of all customers), the split columns, customers, orders, minor,
--   share_customers, share_minor, whales; mean_minor is added afterwards
with counted as (
    select group_id, false as total, split, frequency, minor, is_whale
    from customers
    union all
    select group_id, true as total, null as split, frequency, minor, is_whale
    from customers
),
sizes as (
    select group_id, count(*) as n, sum(minor) as all_minor
    from customers
    group by group_id
)
select
    group_id,
    total,
    split,
    count(*) as customers,
    sum(frequency)::bigint as orders,
    sum(minor)::bigint as minor,
    count(*)::double / any_value(n)::double as share_customers,
    sum(minor)::double / nullif(any_value(all_minor), 0)::double as share_minor,
    count(*) filter (where is_whale) as whales
from counted
join sizes using (group_id)
group by group_id, total, split
order by group_id, total desc, customers desc, minor desc, split
