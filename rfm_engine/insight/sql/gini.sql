-- title: How unevenly the money is distributed over the customers
-- inputs: customers(minor)
-- columns: customers, n_negative (customers with a net amount below 0), minor, numerator and
--   denominator of the Gini coefficient, which is exact, and gini
with ranked as (
    select group_id, minor, row_number() over (partition by group_id order by minor) as i
    from customers
),
sized as (
    select group_id, count(*) as n, count(*) filter (where minor < 0) as negative,
        sum(minor) as minor
    from customers
    group by group_id
),
weighed as (
    select group_id, sum((2 * i - n - 1)::hugeint * ranked.minor) as numerator
    from ranked
    join sized using (group_id)
    group by group_id
)
select
    group_id,
    n as customers,
    negative as n_negative,
    minor::bigint as minor,
    numerator::varchar as numerator,
    (n * minor)::varchar as denominator,
    case when minor > 0 then numerator::double / (n * minor)::double end as gini
from weighed
join sized using (group_id)
order by group_id
