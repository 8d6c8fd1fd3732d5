-- title: The customers of an audience, one row per customer
-- inputs: chosen(customer_id, segment)
-- columns: customer_id, segment
-- In a history with groups a customer has a row per group, and perhaps several segments.
select
    customer_id,
    string_agg(distinct segment, ', ' order by segment) as segment
from chosen
group by customer_id
