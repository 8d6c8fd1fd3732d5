-- title: How many different products each customer bought, in all orders and in the first
-- inputs: lines(order_number, minor, attribute)
-- columns: customer_id, orders, pairs (different products of each order, added up), firsts
--   (different products), first_pairs (of the first order), multi (orders with $at_least or more)
with pairs as (
    select distinct group_id, customer_id, order_number, attribute as value
    from lines
    where minor >= 0 and order_number >= 1
),
per_order as (
    select group_id, customer_id, order_number, count(value) as products
    from pairs
    group by group_id, customer_id, order_number
),
per_product as (
    select group_id, customer_id, count(*) as firsts
    from (select distinct group_id, customer_id, value from pairs where value is not null)
    group by group_id, customer_id
),
per_customer as (
    select
        group_id,
        customer_id,
        count(*) as orders,
        sum(products)::bigint as pairs,
        coalesce(sum(products) filter (where order_number = 1), 0)::bigint as first_pairs,
        count(*) filter (where products >= $at_least) as multi
    from per_order
    group by group_id, customer_id
)
select
    group_id,
    customer_id,
    orders,
    pairs,
    coalesce(firsts, 0) as firsts,
    first_pairs,
    multi
from per_customer
left join per_product using (group_id, customer_id)
order by group_id, customer_id
