-- title: Orders of each customer in the days that count, up to each of two dates
-- inputs: pairs(frequency_before, frequency_after)
-- columns: as_of, customer_id, n
-- As bought.sql, for snapshots whose window is $order_days, which thus count these orders.
select $as_of_from as as_of, customer_id, frequency_before as n
from pairs
where frequency_before is not null
union all
select $as_of_to as as_of, customer_id, frequency_after as n
from pairs
where frequency_after is not null
