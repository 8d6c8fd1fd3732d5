-- title: The band of prices per piece in which each customer bought most rows
-- inputs: lines(order_number, minor, units)
-- columns: customer_id, band (from 0; the lowest of several with as many rows), rows
with banded as (
    select
        group_id,
        customer_id,
        len(list_filter($edges, lambda edge: minor >= edge * units)) as band
    from lines
    where minor > 0 and units > 0 and order_number >= 1
),
counted as (
    select group_id, customer_id, band, count(*) as n
    from banded
    group by group_id, customer_id, band
)
select
    group_id,
    customer_id,
    arg_min(band, (-n, band))::integer as band,
    max(n) as rows
from counted
group by group_id, customer_id
order by group_id, customer_id
