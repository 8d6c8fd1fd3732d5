-- title: Ten groups of customers of the same size by net amount, the best first
-- inputs: customers(minor, frequency)
-- columns: decile (1 is the best), customers, orders, minor, least, most (net amounts)
with ranked as (
    select
        group_id,
        frequency,
        minor,
        count(*) over (partition by group_id) as n,
        row_number() over (partition by group_id order by minor desc, customer_id) as place
    from customers
),
-- The decile d has the places after k(10 (d - 1)) up to k(10 d), where k(p) = ceil(p n / 100).
placed as (
    select group_id, frequency, minor, (10 * (place - 1)) // n + 1 as decile
    from ranked
)
select
    group_id,
    decile::integer as decile,
    count(*) as customers,
    sum(frequency)::bigint as orders,
    sum(minor)::bigint as minor,
    min(minor) as least,
    max(minor) as most
from placed
group by group_id, decile
order by group_id, decile
