-- title: Orders of each customer in the days that count, up to each of two dates
-- inputs: orders(day)
-- columns: as_of, customer_id, n
with dates as (
    select $as_of_from as as_of
    union all
    select $as_of_to as as_of
)
select as_of, customer_id, count(*) as n
from orders
join dates on day > as_of - $order_days and day <= as_of
group by as_of, customer_id
