-- title: How many customers buy in both of two categories
-- inputs: customers(chosen), lines(minor, order_number, attribute)
-- columns: value_1, value_2, customers (of both), customers_1, customers_2, share_1 (of the customers
--   of value_1), share_2
with bought as (
    select distinct group_id, customer_id, attribute as value
    from lines
    join customers using (group_id, customer_id)
    where minor >= 0 and order_number >= 1 and attribute is not null and chosen
),
counted as (
    select group_id, value, count(*) as customers
    from bought
    group by group_id, value
),
-- The most frequent values only, because the pairs of many values are too many.
frequent as (
    select group_id, value, customers
    from counted
    qualify row_number() over (partition by group_id order by customers desc, value) <= 200
),
kept as (
    select bought.group_id, bought.customer_id, bought.value
    from bought
    join frequent using (group_id, value)
),
pairs as (
    select a.group_id, a.value as value_1, b.value as value_2, count(*) as customers
    from kept as a
    join kept as b
        on a.group_id = b.group_id and a.customer_id = b.customer_id and a.value < b.value
    group by a.group_id, a.value, b.value
)
select
    pairs.group_id,
    value_1,
    value_2,
    pairs.customers,
    one.customers as customers_1,
    two.customers as customers_2,
    pairs.customers::double / one.customers::double as share_1,
    pairs.customers::double / two.customers::double as share_2
from pairs
join frequent as one on one.group_id = pairs.group_id and one.value = value_1
join frequent as two on two.group_id = pairs.group_id and two.value = value_2
order by pairs.group_id, pairs.customers desc, value_1, value_2
