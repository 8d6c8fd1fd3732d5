-- title: Orders in the days of the campaigns, and refunds that belong to no order
-- inputs: lines(day, minor, order_number, cost_minor), orders(day, order_number)
-- columns: group_id, customer_id, day (of the earliest purchase of the order), order_number (null
--   for refunds that belong to no order), minor, margin (null without a column of margins)
-- All rows of an order count on the day of the order; other rows count on their own day.
select
    lines.group_id,
    lines.customer_id,
    coalesce(orders.day, lines.day) as day,
    order_number,
    sum(minor)::decimal(38, 0) as minor,
    sum(cost_minor)::decimal(38, 0) as margin
from lines
left join orders using (group_id, customer_id, order_number)
where coalesce(orders.day, lines.day) between $first and $last
group by lines.group_id, lines.customer_id, coalesce(orders.day, lines.day), order_number
