-- title: Products or categories that are bought in the same order
-- inputs: customers(chosen), lines(minor, order_number, attribute)
-- columns: value_1, value_2, orders (with both), orders_1, orders_2, support, confidence_12,
--   confidence_21, lift, n (orders of the chosen customers)
with chosen_lines as (
    select group_id, customer_id, order_number, minor, attribute
    from lines
    join customers using (group_id, customer_id)
    where order_number >= 1 and chosen
),
sized as (
    select group_id, count(*) as n
    from (select distinct group_id, customer_id, order_number from chosen_lines)
    group by group_id
),
bought as (
    select distinct group_id, customer_id, order_number, attribute as value
    from chosen_lines
    where minor >= 0 and attribute is not null
),
frequent as (
    select group_id, value, count(*) as orders
    from bought
    group by group_id, value
    having count(*) >= $min_item
),
kept as (
    select bought.*
    from bought
    join frequent using (group_id, value)
),
counted as (
    select a.group_id, a.value as value_1, b.value as value_2, count(*) as orders
    from kept as a
    join kept as b
        on a.group_id = b.group_id
        and a.customer_id = b.customer_id
        and a.order_number = b.order_number
        and a.value < b.value
    group by a.group_id, a.value, b.value
    having count(*) >= $min_pair
)
select
    counted.group_id,
    value_1,
    value_2,
    counted.orders,
    one.orders as orders_1,
    two.orders as orders_2,
    counted.orders::double / n::double as support,
    counted.orders::double / one.orders::double as confidence_12,
    counted.orders::double / two.orders::double as confidence_21,
    (counted.orders * n)::double / (one.orders * two.orders)::double as lift,
    n
from counted
join sized using (group_id)
join frequent as one on one.group_id = counted.group_id and one.value = value_1
join frequent as two on two.group_id = counted.group_id and two.value = value_2
order by counted.group_id, lift desc, counted.orders desc, value_1, value_2
