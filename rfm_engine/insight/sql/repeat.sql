-- title: How many customers buy again, and how soon
-- inputs: customers(frequency, first_day, first_order), orders(moment, day, order_number),
--   listed(registered)
-- columns: customers, one_time (with one order), eligible (first order at least $within days ago),
--   repeat_h (of them, second order within $within days), repeat_rate_h, repeaters, days_total (to
--   the second order), q10, q25, q50, q75, q80, q90, q95 (of these days), same_day (second order on
--   the day of the first), same_moment; with a customer list: listed, buyers (listed customers with
--   an order), conversion, buyers_outside (of the list); with dates of registration:
--   eligible_listed (registered at least $within days ago), converted_h (of them, first order
--   within $within days of registration)
with second as (
    select group_id, customer_id, moment, day
    from orders
    where order_number = 2
),
people as (
    select
        group_id,
        customer_id,
        frequency,
        first_day,
        first_day + $within <= $as_of as is_eligible,
        second.day - first_day as days,
        second.moment = first_order as is_same_moment
    from customers
    left join second using (group_id, customer_id)
),
measured as (
    select
        group_id,
        count(*) as customers,
        count(*) filter (where days is null) as one_time,
        count(*) filter (where is_eligible) as eligible,
        count(*) filter (where is_eligible and days <= $within) as repeat_h,
        count(days) as repeaters,
        coalesce(sum(days), 0)::bigint as days_total,
        quantile_disc(days, [0.1, 0.25, 0.5, 0.75, 0.8, 0.9, 0.95]) as q,
        count(*) filter (where days = 0) as same_day,
        count(*) filter (where is_same_moment) as same_moment
    from people
    group by group_id
),
list_size as (
    select count(*) as listed, count(*) filter (where registered + $within <= $as_of) as eligible
    from listed
),
converted as (
    select
        people.group_id,
        count(listed.customer_id) as buyers,
        count(*) filter (where listed.customer_id is null) as outside,
        count(*) filter (
            where registered + $within <= $as_of
                and first_day between registered and registered + $within
        ) as converted_h
    from people
    left join listed using (customer_id)
    group by people.group_id
)
select
    group_id,
    customers,
    one_time,
    measured.eligible,
    repeat_h,
    repeat_h::double / nullif(measured.eligible, 0)::double as repeat_rate_h,
    repeaters,
    days_total,
    q[1]::bigint as q10,
    q[2]::bigint as q25,
    q[3]::bigint as q50,
    q[4]::bigint as q75,
    q[5]::bigint as q80,
    q[6]::bigint as q90,
    q[7]::bigint as q95,
    same_day,
    same_moment,
    case when $has_list then listed end as listed,
    case when $has_list then buyers end as buyers,
    case when $has_list then buyers::double / nullif(listed, 0)::double end as conversion,
    case when $has_list then outside end as buyers_outside,
    case when $has_dates then list_size.eligible end as eligible_listed,
    case when $has_dates then converted_h end as converted_h
from measured
join converted using (group_id)
cross join list_size
order by group_id
