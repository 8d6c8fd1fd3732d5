-- title: Customers and net amount of each segment
-- inputs: people(population, code, minor)
-- columns: population (the snapshot), group_id, code (of the segment), customers, minor
select
    population,
    group_id,
    code,
    count(*) as customers,
    sum(minor)::decimal(38, 0) as minor
from people
group by population, group_id, code
order by population, group_id, code
