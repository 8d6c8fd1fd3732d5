-- title: How many orders of each customer contain a bundle
-- inputs: lines(order_number, minor, attribute)
-- columns: customer_id, orders, bundles (orders with a row whose attribute is true)
with per_order as (
    select group_id, customer_id, order_number, bool_or(coalesce(attribute, false)) as is_bundle
    from lines
    where minor >= 0 and order_number >= 1
    group by group_id, customer_id, order_number
)
select
    group_id,
    customer_id,
    count(*) as orders,
    count(*) filter (where is_bundle) as bundles
from per_order
group by group_id, customer_id
order by group_id, customer_id
