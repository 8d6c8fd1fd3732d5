-- title: Orders with a discount, discounts and list prices of each customer
-- inputs: lines(order_number, minor, list_minor, disc_minor)
-- columns: customer_id, orders, discounted (orders with a discount), discount, list
with orders_with_sums as (
    select
        group_id,
        customer_id,
        order_number,
        sum(coalesce(disc_minor, 0)) as discount,
        sum(coalesce(list_minor, minor + coalesce(disc_minor, 0))) as list
    from lines
    where minor >= 0 and order_number >= 1
    group by group_id, customer_id, order_number
)
select
    group_id,
    customer_id,
    count(*) as orders,
    count(*) filter (where discount > 0) as discounted,
    sum(discount)::bigint as discount,
    sum(list)::bigint as list
from orders_with_sums
group by group_id, customer_id
order by group_id, customer_id
