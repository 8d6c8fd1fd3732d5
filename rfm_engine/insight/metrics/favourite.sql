-- title: The value that most orders of each customer have
-- inputs: lines(order_number, moment, minor, attribute)
-- columns: customer_id, value (of several with as many orders the one with the larger amount of
--   purchases, then the one bought last, then the smaller one), orders (with the value), n (all
--   orders)
with per_order as (
    select
        group_id,
        customer_id,
        order_number,
        attribute as value,
        sum(minor) as minor,
        max(moment) as moment
    from lines
    where minor >= 0 and order_number >= 1 and attribute is not null
    group by group_id, customer_id, order_number, attribute
),
sizes as (
    select group_id, customer_id, max(order_number) as n
    from lines
    where order_number >= 1
    group by group_id, customer_id
),
per_value as (
    select
        group_id,
        customer_id,
        value,
        count(*) as orders,
        sum(minor)::bigint as minor,
        max(epoch_us(moment)) as last_us
    from per_order
    group by group_id, customer_id, value
)
select
    group_id,
    customer_id,
    arg_min(value, (-orders, -minor, -last_us, value)) as value,
    coalesce(max(orders), 0) as orders,
    any_value(n) as n
from sizes
left join per_value using (group_id, customer_id)
group by group_id, customer_id
order by group_id, customer_id
