-- title: When the customers of each segment order: weekday and hour
-- inputs: customers(segment), orders(local, minor)
-- columns: segment, weekday (1 is Monday), hour, orders, minor
select
    group_id,
    segment::varchar as segment,
    isodow(local)::integer as weekday,
    hour(local)::integer as hour,
    count(*) as orders,
    sum(orders.minor)::bigint as minor
from orders
join customers using (group_id, customer_id)
group by group_id, segment::varchar, weekday, hour
order by group_id, segment, weekday, hour
